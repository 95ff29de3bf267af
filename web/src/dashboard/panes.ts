/** List, incident and activity side by side, drawn from the store. */

import { h } from '../shared/dom.ts'
import type { Activity } from './activity.ts'
import type { DocumentCardData } from './document-card.ts'
import { createIncidentDetail } from './incident-detail.ts'
import { createIncidentList } from './incident-list.ts'
import type { DashboardStore } from './store.ts'

export interface Panes {
  /** Tells that what is shown may be out of date. */
  banner: HTMLElement
  element: HTMLElement
  /** `list` or `detail`: which of the two a phone shows. */
  view(): 'list' | 'detail'
  title(): string
  update(now: number): void
  focusMain(): void
}

export interface PanesOptions {
  store: DashboardStore
  activity: Activity
  retry(jobId: string): void
}

export function createPanes({ store, activity, retry }: PanesOptions): Panes {
  const list = createIncidentList(() => void store.refresh())
  const detail = createIncidentDetail({
    reload: () => void store.refresh(),
    retry,
    pictureFailed: ({ id }) => store.pictureFailed(id),
  })
  const banner = h('p', { class: 'banner', attrs: { role: 'status', hidden: true } })

  function cards(): DocumentCardData[] {
    return (store.shown?.documents ?? []).map((document) => ({
      document,
      url:
        document.signedUrl ?? (document.thumbnailPath === null ? null : store.urlOf(document.thumbnailPath)),
      previewUrl: document.previewPath === null ? null : store.urlOf(document.previewPath),
      retrying: document.job !== null && store.state.retrying.has(document.job.id),
    }))
  }

  return {
    banner,
    element: h('div', { class: 'panes' }, list.element, detail.element, activity.element),
    view() {
      const { phase, incidents, selectedId } = store.state
      return selectedId === null && (phase === 'loading' || incidents.length > 0) ? 'list' : 'detail'
    },
    title() {
      const { shown, state } = store
      return shown === null || state.selectedId === null ? 'Claimwire' : `${shown.title} · Claimwire`
    },
    update(now) {
      const { state, shown } = store
      list.update(state, shown?.id ?? null, now)
      activity.update()
      detail.update({ state, incident: shown, cards: cards() })
      banner.hidden = !state.outdated
      banner.textContent = state.outdated
        ? 'The latest state could not be read; what you see may be out of date.'
        : ''
      // Without a network nothing would come of it but errors in the console.
      if (!navigator.onLine) return
      void store.sign(
        (shown?.documents ?? []).flatMap(({ thumbnailPath, previewPath }) =>
          [thumbnailPath, previewPath].filter((path) => path !== null),
        ),
      )
    },
    focusMain: () => detail.element.querySelector('h1')?.focus(),
  }
}
