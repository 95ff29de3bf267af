/**
 * The list of the inbox, in a panel or on a page of its own. It draws as much as somebody has scrolled to, whatever is
 * loaded: a thousand new notifications push others out below instead of making the page heavier.
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { h, oncePerFrame, reconcile, setText } from '../shared/dom.ts'
import { createFilterBar } from './filter-bar.ts'
import { ItemElement } from './item-element.ts'
import { commandOf } from './keys.ts'
import { createNote } from './note.ts'
import type { InboxItem } from './notices.ts'
import { createShortcutHelp } from './shortcut-help.ts'
import type { InboxStore } from './store.ts'

export interface ListViewOptions {
  store: InboxStore
  /** Where the thing is shown that a message is about; null for nowhere. */
  hrefOf: (message: JobMessage) => string | null
  /** Saves a report. */
  download: (reportId: string) => void
  /** An item was followed. */
  opened?: () => void
  clock?: () => number
}

export interface ListView {
  element: HTMLElement
  /** To the line where the reader is; to the list itself where there is none. */
  focus(): void
  /** It is to be seen from now on, or no longer: only then does it draw, and count as seen. */
  setVisible(visible: boolean): void
  destroy(): void
}

/** Lines drawn at first, which is more than a screen, and added with each step into the past. */
const LINES = 20
const STEP = 50

/** Milliseconds between two drawings: in a flood nobody reads every line, and the page has other things to do. */
const DRAW_EVERY = 200

/** Milliseconds between two looks at the clock for relative times. */
const TICK = 20_000

/** Milliseconds that the list has to be in sight for what is new in it to count as seen. */
const SEEN_AFTER = 600

export function createListView(options: ListViewOptions): ListView {
  const { store, hrefOf, download, opened, clock = () => Date.now() } = options
  const elements = new Map<string, ItemElement>()
  const stop = new AbortController()
  let visible = false
  let lines = LINES
  let currentId: string | null = null
  let drawTimer: ReturnType<typeof setTimeout> | undefined
  let drawAgain = false
  let seenTimer: ReturnType<typeof setTimeout> | undefined

  const filters = createFilterBar({
    changed: (filter) => {
      lines = LINES
      currentId = null
      scroller.scrollTop = 0
      store.setFilter(filter)
    },
    markAll: () => void store.markAllRead(),
  })
  const help = createShortcutHelp()
  const list = h('ol', { class: 'cw-inbox__list' })
  const note = createNote({ retry: () => void store.refresh() })
  const older = h(
    'button',
    { class: 'cw-inbox__older', attrs: { type: 'button', hidden: true }, on: { click: showOlder } },
    'Show older',
  )
  const scroller = h(
    'div',
    { class: 'cw-inbox__scroller', attrs: { tabindex: -1 } },
    list,
    note.element,
    older,
  )
  const element = h('div', { class: 'cw-inbox' }, filters.element, note.banner, scroller, help.element)
  const frame = oncePerFrame(render)
  const ticker = setInterval(() => frame.request(), TICK)

  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) showOlder()
    },
    { root: scroller, rootMargin: '400px' },
  )

  /** At once after a rest, then at most every so often. */
  function changed(): void {
    if (drawTimer !== undefined) {
      drawAgain = true
      return
    }
    frame.request()
    drawTimer = setTimeout(() => {
      drawTimer = undefined
      if (drawAgain) changed()
      drawAgain = false
    }, DRAW_EVERY)
  }

  function shownItems(): readonly InboxItem[] {
    return store.state.items.slice(0, lines)
  }

  function render(): void {
    if (!visible) return
    const { state, connection } = store
    const items = shownItems()
    const now = clock()
    const focusedId = list.contains(document.activeElement)
      ? (document.activeElement?.closest<HTMLElement>('[data-job]')?.dataset.job ?? null)
      : null
    if (!items.some(({ jobId }) => jobId === currentId)) currentId = items[0]?.jobId ?? null
    const present = new Set(items.map(({ jobId }) => jobId))
    const free = [...elements].filter(([jobId]) => !present.has(jobId))
    for (const [jobId, line] of free) {
      elements.delete(jobId)
      line.element.remove()
    }
    const spare = free.map(([, line]) => line)
    reconcile(list, items, {
      key: ({ jobId }) => jobId,
      // A line that has gone becomes another one: in a flood they are all new every time.
      create: (item) => lineFor(item, spare.pop()),
      update: (_element, item) =>
        elements.get(item.jobId)?.update(item, {
          subject: store.subjectOf(item.message),
          incident: store.incidentOf(item.message),
          href: hrefOf(item.message),
          current: item.jobId === currentId,
          now,
        }),
    })
    // A line that moves in the list is taken out of the page for a moment, which drops the focus.
    if (focusedId !== null && !list.contains(document.activeElement)) focus()

    list.hidden = items.length === 0
    list.setAttribute('aria-busy', String(state.phase === 'loading'))
    const hasMore = lines < state.items.length || !state.ended
    older.hidden = state.phase !== 'ready' || !hasMore || items.length === 0
    older.disabled = state.loadingOlder
    setText(older, state.loadingOlder ? 'Loading' : state.readFailed ? 'Try again' : 'Show older')
    filters.update(state)
    note.update(state, connection)
    if (!older.hidden && !state.readFailed) {
      // Asked anew: what is in sight stays so without a change that the observer would tell of.
      observer.unobserve(older)
      observer.observe(older)
    }
    lookAt()
  }

  function lineFor(item: InboxItem, spare: ItemElement | undefined): HTMLElement {
    const line = spare ?? createLine(item)
    line.element.dataset.job = item.jobId
    elements.set(item.jobId, line)
    return line.element
  }

  function createLine(item: InboxItem): ItemElement {
    return new ItemElement(item, {
      opened(followed) {
        currentId = followed.jobId
        if (followed.unread) void store.markItem(followed, true)
        opened?.()
      },
      toggleRead: (each) => void store.markItem(each, each.unread),
      download,
    })
  }

  function showOlder(): void {
    const { items, ended, loadingOlder } = store.state
    if (lines < items.length) {
      lines += STEP
      frame.request()
    } else if (!ended && !loadingOlder) {
      lines += STEP
      void store.loadOlder()
    }
  }

  /** What has been in sight for a moment counts as seen. */
  function lookAt(): void {
    clearTimeout(seenTimer)
    if (document.hidden || store.state.phase !== 'ready' || store.state.unseenCount === 0) return
    seenTimer = setTimeout(() => {
      if (visible && !document.hidden) void store.markSeen()
    }, SEEN_AFTER)
  }

  function focus(): void {
    const current = currentId === null ? undefined : elements.get(currentId)
    if (current === undefined) scroller.focus()
    else current.focus()
  }

  function move(step: number): void {
    const items = shownItems()
    const at = items.findIndex(({ jobId }) => jobId === currentId)
    const inside = list.contains(document.activeElement)
    // The first step goes to where the reader is.
    const next = items[inside ? Math.min(items.length - 1, Math.max(0, at + step)) : Math.max(0, at)]
    if (next === undefined) return
    currentId = next.jobId
    if (items.at(-1) === next) showOlder()
    render()
    focus()
  }

  function onKey(event: KeyboardEvent): void {
    const command = commandOf(event)
    if (command === null) return
    event.preventDefault()
    if (command === 'help') help.toggle()
    else if (command === 'mark-all') void store.markAllRead()
    else if (command === 'mark') {
      const current = shownItems().find(({ jobId }) => jobId === currentId)
      if (current !== undefined) void store.markItem(current, current.unread)
    } else move(command)
  }

  element.addEventListener('keydown', onKey, { signal: stop.signal })
  // Space and Enter on what stands for a link without an address.
  list.addEventListener(
    'keydown',
    (event) => {
      const { target } = event
      if (!(target instanceof HTMLElement) || target.role !== 'button' || target.tagName !== 'A') return
      if (event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      target.click()
    },
    { signal: stop.signal },
  )
  document.addEventListener('visibilitychange', () => frame.request(), { signal: stop.signal })
  list.addEventListener(
    'focusin',
    ({ target }) => {
      const id =
        target instanceof Element ? target.closest<HTMLElement>('[data-job]')?.dataset.job : undefined
      if (id === undefined || id === currentId) return
      currentId = id
      frame.request()
    },
    { signal: stop.signal },
  )
  const unsubscribe = store.subscribe(changed)

  return {
    element,
    focus,
    setVisible(next) {
      visible = next
      if (!next) {
        clearTimeout(seenTimer)
        return
      }
      lines = LINES
      currentId = null
      store.open()
      render()
    },
    destroy() {
      stop.abort()
      unsubscribe()
      observer.disconnect()
      clearInterval(ticker)
      clearTimeout(seenTimer)
      clearTimeout(drawTimer)
      frame.cancel()
      element.remove()
    },
  }
}
