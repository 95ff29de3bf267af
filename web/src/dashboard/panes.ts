/** List, incident and what stands beside it, drawn from the store. */

import { h } from '../shared/dom.ts'
import { relativeTime } from '../shared/format.ts'
import type { Activity } from './activity.ts'
import type { DocumentCardData } from './document-card.ts'
import { createIncidentDetail, type DetailSlots } from './incident-detail.ts'
import { createIncidentList } from './incident-list.ts'
import { documentHref } from './route.ts'
import { createSidePane, type SidePane } from './side-pane.ts'
import type { ObjectRef } from './signed-urls.ts'
import type { DashboardState, DashboardStore } from './store.ts'

export interface Panes {
  /** Tells that what is shown may be out of date. */
  banner: HTMLElement
  element: HTMLElement
  slots: DetailSlots
  side: SidePane
  /** `list` or `detail`: which of the two a phone shows. */
  view(): 'list' | 'detail'
  title(): string
  update(now: number): void
  focusMain(): void
  destroy(): void
}

export interface PanesOptions {
  store: DashboardStore
  activity: Activity
  retry(jobIds: readonly string[]): void
}

export function createPanes({ store, activity, retry }: PanesOptions): Panes {
  const reload = (): void => void store.refresh()
  const list = createIncidentList({ reload, loadMore: () => void store.loadMore() })
  const detail = createIncidentDetail({
    reload,
    retry: (jobId) => retry([jobId]),
    retryAll: retry,
    pictureFailed: ({ id }) => store.pictureFailed(id),
  })
  const side = createSidePane(activity.element)
  const banner = h('p', { class: 'banner', attrs: { role: 'status', hidden: true } })

  function cards(): DocumentCardData[] {
    const { shown, state } = store
    if (shown === null) return []
    return shown.documents
      .filter(({ kind }) => kind === 'photo')
      .map((document) => ({
        document,
        url:
          document.signedUrl ??
          (document.thumbnailPath === null ? null : store.urlOf(derivative(document.thumbnailPath))),
        href: documentHref(shown.id, document.id),
        retrying: document.job !== null && state.retrying.has(document.job.id),
      }))
  }

  function view(): 'list' | 'detail' {
    const { phase, incidents, selectedId } = store.state
    return selectedId === null && (phase === 'loading' || incidents.length > 0) ? 'list' : 'detail'
  }

  /** The style sheet shows one pane at a time there. */
  const narrow = matchMedia('(width < 720px)')
  const listIsPage = (): boolean => narrow.matches && view() === 'list'

  function setRole(): void {
    const isMain = listIsPage()
    list.setRole({ isMain, hasTitle: isMain || store.state.phase === 'loading' })
  }
  // A tablet that is turned.
  narrow.addEventListener('change', setRole)

  return {
    banner,
    element: h('div', { class: 'panes' }, list.element, detail.element, side.element),
    slots: detail.slots,
    side,
    view,
    title() {
      const { shown, state } = store
      return shown === null || state.selectedId === null ? 'Claimwire' : `${shown.title} · Claimwire`
    },
    update(now) {
      const { state, shown } = store
      list.update(state, shown?.id ?? null, now)
      setRole()
      activity.update()
      detail.update({ state, incident: shown, cards: cards() })
      side.element.hidden = shown === null
      const text = bannerText(state, now)
      banner.hidden = text === ''
      banner.textContent = text
      // Without a network nothing would come of it but errors in the console.
      if (!navigator.onLine) return
      void store.sign(
        (shown?.documents ?? []).flatMap(({ thumbnailPath }) =>
          thumbnailPath === null ? [] : [derivative(thumbnailPath)],
        ),
      )
    },
    destroy() {
      narrow.removeEventListener('change', setRole)
      list.destroy()
    },
    focusMain: () =>
      (listIsPage() ? list.element : detail.element).querySelector<HTMLElement>('[tabindex]')?.focus(),
  }
}

export function derivative(path: string): ObjectRef {
  return { bucket: 'derivatives', path }
}

function bannerText({ phase, cachedAt, outdated }: DashboardState, now: number): string {
  if (phase === 'failed') return ''
  if (cachedAt !== null) {
    const when = relativeTime(new Date(cachedAt).toISOString(), now)
    return navigator.onLine && !outdated
      ? `What you saw ${when}. Reading the latest…`
      : `The server cannot be reached. This is what you saw ${when}.`
  }
  if (!navigator.onLine)
    return 'You are offline. What you see may be out of date; what you write is sent later.'
  return outdated ? 'The latest state could not be read; what you see may be out of date.' : ''
}
