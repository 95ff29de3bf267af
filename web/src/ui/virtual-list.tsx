/**
 * A list of any length, of which the rows on the screen and near it are drawn. Rows may differ in height. The row with
 * the focus stays wherever the list is scrolled to, and a row that comes in above the screen moves nothing on it.
 *
 * The code that decides which rows are drawn is loaded after the first paint; until then the first rows are drawn.
 */

import './virtual-list.css'
import type { ComponentChildren, HTMLAttributes, RefObject } from 'preact'
import { useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { LazyModule } from '../client/lazy-module.ts'
import { drawNow } from './frames.ts'
import { useLazy } from './use-lazy.ts'
import type { Rows, RowsOptions } from './virtualizer.ts'

export interface VirtualListProps<Item> {
  items: readonly Item[]
  /** The same function at every draw: another one has all rows counted anew. */
  keyOf: (item: Item) => string
  /** What a row consists of; the `li` around it is the list's. */
  children: (item: Item) => ComponentChildren
  /** Attributes of the `li` around a row. */
  rowProps?: (item: Item) => HTMLAttributes<HTMLLIElement>
  /** The element that scrolls, or `page` where the page does. */
  scroller: RefObject<HTMLElement | null> | 'page'
  /** Rows there are altogether, for screen readers; -1 while that is not known. */
  setSize: number
  /** Pixels of a row that has not been measured. */
  estimate: number
  /** Key of a row that is drawn wherever the list is scrolled to, as the row with the focus is. */
  kept?: string | null
  /** Pixels below the last row. Default 0. */
  end?: number
  class?: string
  label?: string
}

const virtualizer = new LazyModule(() => import('./virtualizer.ts'))

/** Rows that are drawn before the virtualizer has been loaded. */
const FIRST_ROWS = 30

export function VirtualList<Item>(props: VirtualListProps<Item>) {
  const { items, keyOf, children, rowProps, scroller, setSize, estimate, end = 0, class: name = '' } = props
  const list = useRef<HTMLUListElement>(null)
  const module = useLazy(virtualizer)
  const [rows, setRows] = useState<Rows | null>(null)
  const [, draw] = useReducer<number, void>((times) => times + 1, 0)
  const drawnItems = useRef(items)
  const focusedKey = useRef<string | null>(null)
  const keyAt = useMemo(
    () => (index: number) => {
      const item = items[index]
      return item === undefined ? '' : keyOf(item)
    },
    [items, keyOf],
  )
  const { activeElement } = document
  const focused = list.current?.contains(activeElement) === true ? activeElement : null
  const kept = [focused === null ? null : focusedKey.current, props.kept ?? null]
    .map((key) => (key === null ? -1 : items.findIndex((item) => keyOf(item) === key)))
    .filter((index) => index >= 0)
  const options = useRef<RowsOptions>({ count: 0, keyOf: keyAt, kept })
  options.current = { count: items.length, keyOf: keyAt, kept }
  rows?.update(options.current)

  useLayoutEffect(() => {
    const { current } = list
    if (module === null || current === null) return
    const made = module.createRows({
      list: current,
      pane: scroller === 'page' ? null : scroller.current,
      estimate,
      end,
      changed: (now) => (now ? drawNow(draw) : draw()),
    })
    made.update(options.current)
    made.drawn()
    setRows(made)
    return () => made.close()
  }, [module, scroller, estimate, end])
  useLayoutEffect(() => {
    drawnItems.current = items
    rows?.drawn()
    // An element that changes its place in the document loses the focus.
    if (focused instanceof HTMLElement && focused.isConnected && document.activeElement === document.body)
      focused.focus({ preventScroll: true })
  })

  function onFocusIn({ target }: FocusEvent): void {
    const row = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null
    const item = row === null ? undefined : drawnItems.current[Number(row.dataset.index)]
    focusedKey.current = item === undefined ? null : keyOf(item)
    // The next Tab may come before the next frame.
    drawNow(draw)
  }

  const places = rows?.items ?? null
  const indexes = places?.map(({ index }) => index) ?? Array.from(items.slice(0, FIRST_ROWS).keys())
  const height = rows?.height ?? null
  const rest = Math.max(0, items.length - FIRST_ROWS) * estimate + end
  return (
    <ul
      ref={list}
      class={`virtual-list ${name}`.trim()}
      aria-label={props.label}
      style={height === null ? { paddingBlockEnd: `${rest}px` } : { blockSize: `${height}px` }}
      onFocusIn={onFocusIn}
    >
      {indexes.map((index, at) => {
        const item = items[index]
        if (item === undefined) return null
        const start = places?.[at]?.start
        const attributes = rowProps?.(item) ?? {}
        return (
          <li
            {...attributes}
            key={keyOf(item)}
            class={[attributes.class, start === undefined ? null : 'is-placed'].filter(Boolean).join(' ')}
            style={
              start === undefined || rows === null
                ? undefined
                : { insetBlockStart: `${start - rows.margin}px` }
            }
            data-index={index}
            aria-setsize={setSize}
            aria-posinset={index + 1}
          >
            {children(item)}
          </li>
        )
      })}
    </ul>
  )
}
