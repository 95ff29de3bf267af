/** The page of somebody who is signed in: wires store, live client, toasts and views. */

import type { Session, SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { DashboardWebSocketClient } from '../client/index.ts'
import { h, oncePerFrame } from '../shared/dom.ts'
import { createStatusIndicator } from '../status/index.ts'
import { createToaster } from '../toasts/index.ts'
import { createActivity } from './activity.ts'
import { brand } from './brand.ts'
import type { DocumentCardData } from './document-card.ts'
import { sentence } from './format.ts'
import { createIncidentDetail } from './incident-detail.ts'
import { createIncidentList } from './incident-list.ts'
import { jobToast, summaryToast } from './job-toasts.ts'
import { createRepository } from './repository.ts'
import { incidentIdOf } from './route.ts'
import { DashboardStore } from './store.ts'

export interface Dashboard {
  element: HTMLElement
  close(): void
}

/** How often relative times are renewed, and a read that failed is tried again. Milliseconds. */
const TICK = 10_000

/** More replayed messages than this become one toast. */
const TOASTS_ON_RETURN = 3

export function createDashboard(supabase: SupabaseClient<Database>, session: Session): Dashboard {
  const store = new DashboardStore({ repository: createRepository(supabase) })
  const client = new DashboardWebSocketClient({ supabase })
  // On a phone every toast covers what it tells of.
  const toaster = createToaster({ limit: matchMedia('(width >= 720px)').matches ? 3 : 2 })
  const activity = createActivity(subjectOf)
  const list = createIncidentList(() => void store.refresh())
  const detail = createIncidentDetail({
    reload: () => void store.refresh(),
    retry: (jobId) => void retry(jobId),
    pictureFailed: ({ id }) => store.pictureFailed(id),
  })
  const statusElement = h('div', { attrs: { id: 'ws-connection-status' } })
  const banner = h('p', { class: 'banner', attrs: { role: 'status', hidden: true } })
  const element = h(
    'div',
    { class: 'app' },
    h(
      'a',
      { class: 'skip-link', attrs: { href: '#main' }, on: { click: (event) => skip(event) } },
      'Skip to content',
    ),
    h(
      'header',
      { class: 'topbar' },
      brand(),
      statusElement,
      h(
        'div',
        { class: 'topbar__user' },
        h('span', { class: 'topbar__email' }, session.user.email ?? 'Signed in'),
        h(
          'button',
          { class: 'button button--small', attrs: { type: 'button' }, on: { click: () => void signOut() } },
          'Sign out',
        ),
      ),
    ),
    banner,
    h('div', { class: 'panes' }, list.element, detail.element, activity.element),
  )
  const indicator = createStatusIndicator({ element: statusElement, client })

  function skip(event: Event): void {
    event.preventDefault()
    detail.element.querySelector('h1')?.focus()
  }

  async function signOut(): Promise<void> {
    client.disconnect()
    const { error } = await supabase.auth.signOut()
    // The server may be away; this device forgets the session all the same.
    if (error !== null) await supabase.auth.signOut({ scope: 'local' })
  }

  async function retry(jobId: string): Promise<void> {
    try {
      await store.retry(jobId)
      toaster.dismiss(`job:${jobId}`)
    } catch {
      toaster.showToast('Retry failed', 'The server did not accept it. Try again in a moment.', 'error')
    }
  }

  function subjectOf(message: JobMessage): string | null {
    if (!('documentType' in message)) return null
    for (const { documents } of store.state.incidents) {
      const document = documents.find(({ id }) => id === message.documentId)
      if (document !== undefined) return document.fileName ?? sentence(document.documentType)
    }
    return null
  }

  let replayed: JobMessage[] = []

  function toast(message: JobMessage): void {
    const shown = jobToast(message, subjectOf(message))
    if (shown !== null) toaster.show(shown)
  }

  function toastReplayed(): void {
    const latest = new Map(replayed.map((message) => [message.jobId, message]))
    const summary = latest.size > TOASTS_ON_RETURN ? summaryToast([...latest.values()]) : null
    if (summary !== null) toaster.show(summary)
    else for (const message of latest.values()) toast(message)
    replayed = []
  }

  function render(): void {
    const { state, shown } = store
    const now = Date.now()
    const listed = state.phase === 'loading' || state.incidents.length > 0
    element.dataset.view = state.selectedId === null && listed ? 'list' : 'detail'
    document.title = shown === null || state.selectedId === null ? 'Claimwire' : `${shown.title} · Claimwire`
    list.update(state, shown?.id ?? null, now)
    const cards = (shown?.documents ?? []).map(
      (each): DocumentCardData => ({
        document: each,
        url: each.signedUrl ?? (each.thumbnailPath === null ? null : store.urlOf(each.thumbnailPath)),
        previewUrl: each.previewPath === null ? null : store.urlOf(each.previewPath),
        retrying: each.job !== null && state.retrying.has(each.job.id),
      }),
    )
    activity.update()
    detail.update({ state, incident: shown, cards })
    banner.hidden = !state.outdated
    banner.textContent = state.outdated
      ? 'The latest state could not be read; what you see may be out of date.'
      : ''
    // Without a network nothing would come of it but errors in the console.
    if (navigator.onLine)
      void store.sign(
        (shown?.documents ?? []).flatMap(({ thumbnailPath, previewPath }) =>
          [thumbnailPath, previewPath].filter((path) => path !== null),
        ),
      )
  }

  const navigate = (): void => store.select(incidentIdOf(location.hash))
  const stop = new AbortController()
  window.addEventListener('hashchange', navigate, { signal: stop.signal })
  const frame = oncePerFrame(render)
  const ticker = setInterval(() => {
    frame.request()
    if (navigator.onLine && (store.state.phase === 'failed' || store.state.outdated)) void store.refresh()
  }, TICK)

  client.on('message', (message, delivery) => {
    activity.message(message, delivery, Date.now())
    // One toast in the browser, in the tab that people look at; what another tab began to show moves there.
    if (!delivery.foremost) toaster.dismiss(`job:${message.jobId}`)
    else if (delivery.replayed) replayed.push(message)
    else toast(message)
    store.receive(message)
    frame.request()
  })
  client.on('reload', () => void store.refresh())
  client.on('connected', () => {
    toastReplayed()
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
      client.disconnect()
      indicator.destroy()
      toaster.destroy()
      store.close()
    },
  }
}
