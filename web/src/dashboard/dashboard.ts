/** What stands behind the page of a signed-in user: stores, live client and toasts, wired together. No components. */

import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { Session, SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { DashboardWebSocketClient } from '../client/index.ts'
import { isAskedFor, offerDebugPanel } from '../debug/shortcut.ts'
import { createPageBadge } from '../status/index.ts'
import { now } from '../ui/clock.ts'
import { signalOf } from '../ui/store.ts'
import { hash, isNarrow, isOnline } from '../ui/surroundings.ts'
import { ActivityLog } from './activity-log.ts'
import type { DashboardConfig } from './config.ts'
import { createIncidentCache } from './incident-cache.ts'
import { forgetIncident, pageStorage } from './kept-data.ts'
import { createLazyToasts } from './lazy-toasts.ts'
import { keepListCurrent } from './live-list.ts'
import type { Incident } from './records.ts'
import { createRepository, type Repository } from './repository.ts'
import { hrefOf, incidentIdOf } from './route.ts'
import type { ClaimLink } from './sign-in/landing.ts'
import { type DashboardState, DashboardStore, shownOf } from './store.ts'

export type SideTab = 'notes' | 'timeline' | 'live'

export interface Dashboard {
  readonly supabase: SupabaseClient<Database>
  readonly config: DashboardConfig
  readonly client: DashboardWebSocketClient
  readonly repository: Repository
  readonly userId: string
  readonly email: string | null
  /** Whether the mailbox of an account that a form opened has not been seen yet. */
  readonly isUnproven: boolean
  readonly store: DashboardStore
  readonly log: ActivityLog
  /** The state of the store. */
  readonly state: ReadonlySignal<DashboardState>
  /** The incident in the address, or the newest; null where there is none. */
  readonly shown: ReadonlySignal<Incident | null>
  /** Which pane a phone shows. */
  readonly pane: ReadonlySignal<'list' | 'detail'>
  /** The open tab beside the incident. */
  readonly sideTab: Signal<SideTab>
  /** The link of a claim's mail that opened the page; null without one. */
  readonly claimLink: ClaimLink | null
  retry(jobIds: readonly string[]): void
  /** Tells the user by a toast that an action has failed. */
  complain(title: string, message: string): void
  /** Of this device, or of all. Told of a server that cannot be reached: other devices stay signed in then. */
  signOut(scope?: 'local' | 'global'): void
  close(): void
}

/** Milliseconds between two attempts to read what could not be read. */
const RETRY_READ = 10_000
/** Milliseconds that signing out waits for the device's place to be given up. */
const DISCONNECT_LIMIT = 2_000

/** The tab's icon, see `web/public`. */
const ICONS = { normal: '/favicon.svg', unseen: '/favicon-unseen.svg', offline: '/favicon-offline.svg' }

export function createDashboard(
  supabase: SupabaseClient<Database>,
  { user }: Session,
  config: DashboardConfig,
  claim: ClaimLink | null = null,
): Dashboard {
  const repository = createRepository(supabase)
  const store = new DashboardStore({
    repository,
    cache: createIncidentCache(user.id, pageStorage()),
    lost(incidents) {
      for (const { id, title } of incidents) {
        forgetIncident(user.id, id)
        if (id === shown.peek()?.id || id === store.state.selectedId)
          complain('You no longer see this case', `“${title}” was deleted, or you were taken off it.`)
      }
    },
  })
  const log = new ActivityLog()
  const client = new DashboardWebSocketClient({ supabase, debug: isAskedFor() })
  const endDebugging = offerDebugPanel({ client, supabase })
  // On a phone, every toast covers a part of the incident.
  const toasts = createLazyToasts({ limit: isNarrow.value ? 2 : 3 }, (message) => ({
    subject: store.subjectOf(message),
    href: hrefOf(message),
    self: user.id,
  }))
  const badge = createPageBadge({ client, icons: ICONS })
  const complain = (title: string, text: string): void =>
    toasts.use(({ toaster }) => void toaster.showToast(title, text, 'error'))

  const state = signalOf(store)
  const shown = computed(() => shownOf(state.value))
  const pane = computed(() => {
    const { phase, incidents, selectedId } = state.value
    return selectedId === null && (phase === 'loading' || incidents.length > 0) ? 'list' : 'detail'
  })

  async function signOut(scope: 'local' | 'global'): Promise<void> {
    // The device's place can be given up only with the session's token.
    await Promise.race([client.disconnect(), new Promise((resolve) => setTimeout(resolve, DISCONNECT_LIMIT))])
    const { error } = await supabase.auth.signOut({ scope })
    // Without an answer of the server, this device forgets the session all the same.
    if (error !== null) await supabase.auth.signOut({ scope: 'local' })
  }

  async function retry(jobIds: readonly string[]): Promise<void> {
    try {
      await store.retry(jobIds)
      toasts.use(({ notices }) => {
        for (const jobId of jobIds) notices.settled(jobId)
      })
    } catch {
      complain('Retry failed', 'The server did not accept it. Try again in a moment.')
    }
  }

  const stops = [
    effect(() => store.select(incidentIdOf(hash.value))),
    effect(() => {
      const incident = state.value.selectedId === null ? null : shown.value
      badge.setTitle(incident === null ? 'Claimwire' : `${incident.title} · Claimwire`)
    }),
    // Without a network, requests only leave errors in the console. The clock repeats attempts that failed.
    effect(() => {
      if (now.value > 0 && state.value.phase === 'ready' && isOnline.value) void store.signShown()
    }),
  ]
  const ticker = setInterval(() => {
    const { phase, outdated, cachedAt } = store.state
    if (navigator.onLine && (phase === 'failed' || outdated || cachedAt !== null)) void store.refresh()
  }, RETRY_READ)
  keepListCurrent(client, store, () => !document.hidden)
  client.on('message', (message, delivery) => {
    log.message(message, delivery, Date.now())
    toasts.use(({ notices }) => notices.message(message, delivery))
  })
  client.on('connected', () => toasts.use(({ notices }) => notices.caughtUp()))
  client.on('state', (change) => log.connection(change, client.getState(), Date.now()))

  void store.refresh()
  client.connect(user.id).catch(() => {
    // The session ended after the sign-in; the listener in main.tsx shows the sign-in page.
  })

  return {
    supabase,
    config,
    client,
    repository,
    userId: user.id,
    email: user.email ?? null,
    isUnproven: user.app_metadata.mailbox === 'unproven',
    store,
    log,
    state,
    shown,
    pane,
    sideTab: signal('notes'),
    claimLink: claim,
    retry: (jobIds) => void retry(jobIds),
    complain,
    signOut: (scope = 'local') => void signOut(scope),
    close() {
      for (const stop of stops) stop()
      clearInterval(ticker)
      client.disconnect()
      badge.destroy()
      endDebugging()
      toasts.close()
      log.close()
      store.close()
    },
  }
}
