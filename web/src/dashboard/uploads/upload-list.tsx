/** The uploads of one incident. Rows come and go without moving the page below at once, and without losing the focus. */

import './upload-list.css'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { resizeFrom } from '../../shared/motion.ts'
import type { UploadItem, UploadQueue } from './upload-queue.ts'
import { UploadRow } from './upload-row.tsx'

export interface UploadListProps {
  queue: UploadQueue
  items: readonly UploadItem[]
  /** Takes the focus of the last row that is removed. */
  focusAddButton(): void
}

export function UploadList({ queue, items, focusAddButton }: UploadListProps) {
  const frame = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLUListElement>(null)
  const ids = items.map(({ id }) => id).join()
  const drawnIds = useRef(ids)
  // Read before the draw: the height that the new one follows, and the row with the focus.
  const before = ids === drawnIds.current ? null : (frame.current?.getBoundingClientRect().height ?? null)
  const focused = document.activeElement?.closest('.upload-item') ?? null
  const focusedIndex = focused === null ? -1 : [...(list.current?.children ?? [])].indexOf(focused)

  useLayoutEffect(() => {
    drawnIds.current = ids
    if (before !== null && frame.current !== null) resizeFrom(frame.current, before)
    // The browser does not report that the pointer has left a row that was removed.
    if (ids === '') queue.hold('hover', false)
    if (focusedIndex < 0 || focused?.isConnected === true) return
    queue.hold('focus', false)
    const rows = list.current?.children
    const next = rows
      ?.item(Math.min(focusedIndex, rows.length - 1))
      ?.querySelector<HTMLElement>('.icon-button')
    if (next) next.focus()
    else focusAddButton()
  })

  return (
    <div ref={frame} class="upload__list">
      <ul
        ref={list}
        class="upload-list"
        aria-label="Uploads"
        hidden={items.length === 0}
        onPointerEnter={({ pointerType }) => queue.hold('hover', pointerType !== 'touch')}
        onPointerLeave={() => queue.hold('hover', false)}
        onFocusIn={({ target }) =>
          queue.hold('focus', target instanceof Element && target.matches(':focus-visible'))
        }
        onFocusOut={() => queue.hold('focus', false)}
      >
        {items.map((item) => (
          <UploadRow
            key={item.id}
            item={item}
            cancel={() => queue.cancel(item.id)}
            retry={() => queue.retry(item.id)}
          />
        ))}
      </ul>
    </div>
  )
}
