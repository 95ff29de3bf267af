/** Runs in the browser: the parts that are usable on their own, with a world in place of client and backend. */

import '../../../web/src/dashboard/styles/tokens.css'
import '../../../web/src/dashboard/styles/base.css'
import '../../../web/src/status/status.css'
import '../../../web/src/toasts/toasts.css'
import { offerDebugPanel } from '../../../web/src/debug/shortcut.ts'
import { createInbox } from '../../../web/src/inbox/index.ts'
import { createPageBadge, createStatusIndicator } from '../../../web/src/status/index.ts'
import { createStatusDetails } from '../../../web/src/status-card/index.tsx'
import { createToaster } from '../../../web/src/toasts/index.ts'
import { World } from './world.ts'

const toaster = createToaster()
const world = new World()
const inbox = createInbox({
  client: world.client,
  source: world.source,
  preferences: world.preferences,
  hrefOf: (message) =>
    message.incidentId === null
      ? null
      : `#/incidents/${message.incidentId}/${'jobId' in message ? message.jobId : 'notes'}`,
})
const status = document.createElement('div')
document.getElementById('bar')?.append(status, inbox.bell)
createStatusIndicator({
  element: status,
  client: world.client,
  details: createStatusDetails(world.client),
})
createPageBadge({
  client: world.client,
  icons: { normal: '/favicon.svg', unseen: '/unseen.svg', offline: '/offline.svg' },
})

offerDebugPanel({ client: world.client, supabase: world.supabase })

const parts = { toaster, world, inbox }

export type Parts = typeof parts

Object.assign(globalThis, { parts })
