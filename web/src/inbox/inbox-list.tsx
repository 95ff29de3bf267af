/** The list of the inbox, in the panel or on a page of its own: filters, lines, and the keys that work in it. */

import './base.css'
import './inbox-list.css'
import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { UserMessage } from '../../../functions-shared/message-types.ts'
import { drawNow } from '../ui/frames.ts'
import { atMostEvery, signalOf } from '../ui/store.ts'
import { useInSight } from '../ui/use-in-sight.ts'
import { VirtualList } from '../ui/virtual-list.tsx'
import { CurrentLine } from './current-line.ts'
import { EmptyInbox } from './empty-inbox.tsx'
import { FilterBar } from './filter-bar.tsx'
import { InboxItemView, itemAttributes } from './inbox-item.tsx'
import { commandOf } from './keys.ts'
import type { InboxItem } from './notices.ts'
import { ShortcutHelp } from './shortcut-help.tsx'
import type { NoticeFilter } from './source.ts'
import { bannerText } from './state-words.ts'
import type { InboxState, InboxStore } from './store.ts'

export interface InboxListProps {
  store: InboxStore
  /** Where the document is shown that a message is about; null for nowhere. */
  hrefOf: (message: UserMessage) => string | null
  /** Saves a report. */
  download: (reportId: string) => void
  /** An item was followed. */
  opened?: () => void
}

/** Milliseconds between two drawings: a flood of notifications leaves the page time for other work. */
const DRAW_EVERY = 200

/** Milliseconds that the list has to be on the screen before new notifications count as seen. */
const SEEN_AFTER = 600

/** Pixels of a line that has not been drawn yet. */
const LINE = 68

const threadOf = ({ thread }: InboxItem): string => thread

export function InboxList({ store, hrefOf, download, opened }: InboxListProps) {
  const root = useRef<HTMLDivElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const current = useMemo(() => new CurrentLine(), [])
  const showsKeys = useSignal(false)
  const state = useMemo(() => signalOf(atMostEvery(DRAW_EVERY, store)), [store]).value
  const { items } = state
  const currentItem = current.among(items)
  const older = useInSight(scroller, () => {
    if (!state.readFailed) void store.loadOlder()
  })
  const list = root.current?.querySelector('.cw-inbox__list') ?? null
  const hadFocus = list?.contains(document.activeElement) === true

  useLayoutEffect(() => store.open(), [store])
  useSeen(store, state)
  // The line that had the focus has left the list.
  useLayoutEffect(() => {
    if (hadFocus && document.activeElement === document.body && root.current !== null) focusList(root.current)
  })

  function filter(next: NoticeFilter): void {
    current.set(null)
    scroller.current?.scrollTo(0, 0)
    store.setFilter(next)
  }

  function move(lines: number): void {
    // The first step goes to the current line itself.
    if (list?.contains(document.activeElement)) drawNow(() => current.move(items, lines))
    if (root.current !== null) focusList(root.current)
    if (current.among(items) === items.at(-1)) void store.loadOlder()
  }

  function toggleKeys(): void {
    showsKeys.value = !showsKeys.value
  }

  function onKeyDown(event: KeyboardEvent): void {
    const command = commandOf(event)
    if (command === null) return
    event.preventDefault()
    if (command === 'help') toggleKeys()
    else if (command === 'mark-all') void store.markAllRead()
    else if (command === 'undo') void store.undo()
    else if (typeof command === 'number') move(command)
    else if (currentItem === undefined) return
    else if (command === 'done') void store.markDone(currentItem, !state.filter.done)
    else void store.markItem(currentItem, currentItem.unread)
  }

  function follow(item: InboxItem): void {
    current.set(item.thread)
    if (item.unread) void store.markItem(item, true)
    opened?.()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys work wherever in the list the focus is
    <div
      ref={root}
      class="cw-inbox"
      onKeyDown={onKeyDown}
      onFocusIn={({ target }) => {
        const line = target instanceof Element ? target.closest<HTMLElement>('[data-thread]') : null
        if (line?.dataset.thread !== undefined) current.set(line.dataset.thread)
      }}
    >
      <FilterBar state={state} changed={filter} markAll={() => void store.markAllRead()} />
      <p class="cw-inbox__banner" role="status" hidden={bannerText(state) === ''}>
        {bannerText(state)}
      </p>
      <p class="cw-inbox__banner" role="status" hidden={!state.canUndo}>
        {state.canUndo && (
          <>
            Done.{' '}
            <button type="button" class="cw-inbox__undo" onClick={() => void store.undo()}>
              Undo
            </button>
          </>
        )}
      </p>
      <div ref={scroller} class="cw-inbox__scroller" tabIndex={-1}>
        {items.length === 0 ? (
          <EmptyInbox state={state} retry={() => void store.refresh()} />
        ) : (
          <VirtualList
            class="cw-inbox__list"
            items={items}
            keyOf={threadOf}
            rowProps={itemAttributes}
            scroller={scroller}
            setSize={state.ended ? items.length : -1}
            estimate={LINE}
            kept={currentItem?.thread ?? null}
          >
            {(item) => (
              <InboxItemView
                item={item}
                self={store.self}
                subject={store.subjectOf(item.message)}
                incident={store.incidentOf(item.message)}
                href={hrefOf(item.message)}
                isCurrent={item === currentItem}
                opened={follow}
                isDone={state.filter.done}
                toggleDone={(each) => void store.markDone(each, !state.filter.done)}
                toggleRead={(each) => void store.markItem(each, each.unread)}
                download={download}
              />
            )}
          </VirtualList>
        )}
        {items.length > 0 && !state.ended && (
          <button
            ref={older}
            type="button"
            class="cw-inbox__older"
            disabled={state.loadingOlder}
            onClick={() => void store.loadOlder()}
          >
            {state.loadingOlder ? 'Loading' : state.readFailed ? 'Try again' : 'Show older'}
          </button>
        )}
      </div>
      <ShortcutHelp isShown={showsKeys.value} toggle={toggleKeys} />
    </div>
  )
}

/** Moves the focus to the current line, or to the list itself where it has no lines. */
export function focusList(root: ParentNode): void {
  const line = root.querySelector<HTMLElement>('.cw-inbox__link[tabindex="0"]')
  const target = line ?? root.querySelector<HTMLElement>('.cw-inbox__scroller')
  target?.focus()
}

/** Marks new notifications as seen once they have been on the screen for a moment. */
function useSeen(store: InboxStore, { phase, unseenCount }: InboxState): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const wait = (): void => {
      clearTimeout(timer)
      if (document.hidden || phase !== 'ready' || unseenCount === 0) return
      timer = setTimeout(() => void store.markSeen(), SEEN_AFTER)
    }
    wait()
    document.addEventListener('visibilitychange', wait)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', wait)
    }
  }, [store, phase, unseenCount])
}
