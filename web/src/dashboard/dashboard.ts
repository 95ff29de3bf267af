/** The page of somebody who is signed in: wires store, live client, top bar, toasts and panes. */

import type { Session, SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { DashboardWebSocketClient } from '../client/index.ts'
import { isAskedFor, offerDebugPanel } from '../debug/shortcut.ts'
import { h, oncePerFrame } from '../shared/dom.ts'
import { createPageBadge } from '../status/index.ts'
import { createJobNotices, createToaster } from '../toasts/index.ts'
import { createActivity } from './activity.ts'
import type { DashboardConfig } from './config.ts'
import type { Extras } from './incident/extras.ts'
import { createIncidentCache } from './incident-cache.ts'
import { pageStorage } from './kept-data.ts'
import { createLazyInbox } from './lazy-inbox.ts'
import { createPanes } from './panes.ts'
import { createRepository } from './repository.ts'
import { hrefOf, incidentIdOf } from './route.ts'
import { DashboardStore } from './store.ts'
import { createTopBar } from './top-bar.ts'

export interface Dashboard {
  element: HTMLElement
  close(): void
}

/** How often relative times are renewed, and a read that failed is tried again. Milliseconds. */
const TICK = 10_000

/** The tab's icon, see `web/public`. */
const ICONS = { normal: '/favicon.svg', unseen: '/favicon-unseen.svg', offline: '/favicon-offline.svg' }

export function createDashboard(
  supabase: SupabaseClient<Database>,
  session: Session,
  config: DashboardConfig,
): Dashboard {
  const repository = createRepository(supabase)
  const store = new DashboardStore({
    repository,
    cache: createIncidentCache(session.user.id, pageStorage()),
  })
  const client = new DashboardWebSocketClient({ supabase, debug: isAskedFor() })
  const endDebugging = offerDebugPanel({ client, supabase })
  // On a phone every toast covers what it tells of.
  const toaster = createToaster({ limit: matchMedia('(width >= 720px)').matches ? 3 : 2 })
  const notices = createJobNotices({
    toaster,
    contextOf: (message) => ({ subject: store.subjectOf(message), href: hrefOf(message) }),
  })
  const activity = createActivity((message) => store.subjectOf(message))
  const panes = createPanes({ store, activity, retry: (jobIds) => void retry(jobIds) })
  const inbox = createLazyInbox({
    client,
    source: (create) => create(supabase, session.user.id),
    hrefOf,
    downloadFailed: () =>
      toaster.showToast('Download failed', 'The report could not be had. Try again in a moment.', 'error'),
  })
  const badge = createPageBadge({ client, icons: ICONS })
  const topBar = createTopBar({
    client,
    bell: inbox.bell,
    email: session.user.email ?? null,
    signOut: () => void signOut(),
  })
  const element = h(
    'div',
    { class: 'app' },
    h(
      'a',
      { class: 'skip-link', attrs: { href: '#main' }, on: { click: (event) => skip(event) } },
      'Skip to content',
    ),
    topBar.element,
    panes.banner,
    panes.element,
  )

  const wide = matchMedia('(width >= 720px)')
  let extras: Extras | null = null
  let loadingExtras = false

  function skip(event: Event): void {
    event.preventDefault()
    panes.focusMain()
  }

  async function signOut(): Promise<void> {
    client.disconnect()
    const { error } = await supabase.auth.signOut()
    // The server may be away; this device forgets the session all the same.
    if (error !== null) await supabase.auth.signOut({ scope: 'local' })
  }

  async function retry(jobIds: readonly string[]): Promise<void> {
    try {
      await store.retry(jobIds)
      for (const jobId of jobIds) notices.settled(jobId)
    } catch {
      toaster.showToast('Retry failed', 'The server did not accept it. Try again in a moment.', 'error')
    }
  }

  function render(): void {
    const now = Date.now()
    panes.update(now)
    const view = panes.view()
    element.dataset.view = view
    badge.setTitle(panes.title())
    extras?.update(view === 'detail' || wide.matches, now)
    if (store.state.phase !== 'loading') inbox.load()
    if (store.shown !== null) void loadExtras()
  }

  /** What an incident consists of beside its photos, once there is something on the screen. */
  async function loadExtras(): Promise<void> {
    if (extras !== null || loadingExtras) return
    loadingExtras = true
    try {
      const { createExtras } = await import('./incident/extras.ts')
      if (stop.signal.aborted) return
      extras = createExtras({
        supabase,
        config,
        client,
        store,
        repository,
        userId: session.user.id,
        slots: panes.slots,
        side: panes.side,
        retry: (jobIds) => void retry(jobIds),
        complain: (title, message) => toaster.showToast(title, message, 'error'),
        changed: () => frame.request(),
      })
      frame.request()
    } catch {
      // No network: the next tick tries again.
    } finally {
      loadingExtras = false
    }
  }

  const navigate = (): void => {
    store.select(incidentIdOf(location.hash))
    frame.request()
  }
  const stop = new AbortController()
  const frame = oncePerFrame(render)
  window.addEventListener('hashchange', navigate, { signal: stop.signal })
  for (const type of ['online', 'offline'] as const) {
    window.addEventListener(type, () => frame.request(), { signal: stop.signal })
  }
  const ticker = setInterval(() => {
    frame.request()
    const { phase, outdated, cachedAt } = store.state
    if (navigator.onLine && (phase === 'failed' || outdated || cachedAt !== null)) void store.refresh()
  }, TICK)

  client.on('message', (message, delivery) => {
    activity.message(message, delivery, Date.now())
    notices.message(message, delivery)
    store.receive(message)
    extras?.message(message)
    frame.request()
  })
  client.on('reload', () => void store.refresh())
  client.on('connected', () => {
    notices.caughtUp()
    // What the page read before it was listening may have changed in between; progress has no history.
    void store.refresh()
  })
  client.on('state', (change) => {
    activity.connection(change, client.getState(), Date.now())
    frame.request()
  })

  store.subscribe(() => frame.request())
  navigate()
  render()
  void store.refresh()
  client.connect(session.user.id).catch(() => {
    // The session ended between sign-in and here; whoever listens to the session shows the sign-in page.
  })

  return {
    element,
    close() {
      stop.abort()
      clearInterval(ticker)
      frame.cancel()
      extras?.close()
      client.disconnect()
      topBar.destroy()
      badge.destroy()
      endDebugging()
      inbox.destroy()
      panes.destroy()
      toaster.destroy()
      store.close()
    },
  }
}
