/** Runs in the browser: the parts that are usable on their own, driven by tests. No backend: the world is in here. */

import '../../../web/src/dashboard/styles/tokens.css'
import '../../../web/src/dashboard/styles/base.css'
import '../../../web/src/inbox/inbox.css'
import '../../../web/src/status/status.css'
import '../../../web/src/toasts/toasts.css'
import { createInbox } from '../../../web/src/inbox/index.ts'
import { createToaster } from '../../../web/src/toasts/index.ts'
import { World } from './world.ts'

const toaster = createToaster()
const world = new World()
const inbox = createInbox({
  client: world.client,
  source: world.source,
  hrefOf: ({ incidentId, jobId }) => (incidentId === null ? null : `#/incidents/${incidentId}/${jobId}`),
})
document.getElementById('bar')?.append(inbox.bell)

const parts = { toaster, world, inbox }

export type Parts = typeof parts

Object.assign(globalThis, { parts })
