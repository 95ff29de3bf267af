/** Which rows of a list are drawn, and where: TanStack's Virtualizer for a list in a pane or in the page. */

import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  observeWindowOffset,
  observeWindowRect,
  type VirtualItem,
  Virtualizer,
  type VirtualizerOptions,
  windowScroll,
} from '@tanstack/virtual-core'

export interface RowsOptions {
  count: number
  /** Must be another function whenever the rows are others. */
  keyOf(index: number): string
  /** Rows that are drawn wherever the list is scrolled to, each with its neighbours. */
  kept: readonly number[]
}

export interface Rows {
  update(options: RowsOptions): void
  /** The rows to draw, from the first to the last. */
  readonly items: readonly VirtualItem[]
  /** Pixels from the top of what scrolls to the list. */
  readonly margin: number
  /** Pixels of the whole list. */
  readonly height: number
  /** The rows have been drawn: measures new ones. */
  drawn(): void
  close(): void
}

export interface RowsSetUp {
  list: HTMLElement
  /** The pane that scrolls; null for the page. */
  pane: HTMLElement | null
  /** Pixels of a row that has not been measured. */
  estimate: number
  /** Pixels below the last row. */
  end: number
  /** Other rows are to be drawn, or elsewhere. @param now before the next paint. */
  changed(now: boolean): void
}

/** Rows that are drawn above and below what is on the screen. */
const OVERSCAN = 10

/** Rows that are drawn on either side of a kept row, so that Tab reaches them from a row with the focus. */
const NEIGHBOURS = 3

export function createRows(setUp: RowsSetUp): Rows {
  const { pane } = setUp
  return pane === null
    ? rowsIn<Window>(setUp, {
        getScrollElement: () => window,
        observeElementRect: observeWindowRect,
        observeElementOffset: observeWindowOffset,
        scrollToFn: windowScroll,
        initialOffset: window.scrollY,
      })
    : rowsIn<HTMLElement>(setUp, {
        getScrollElement: () => pane,
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
        initialOffset: pane.scrollTop,
      })
}

type ScrollerOptions<Scroller extends HTMLElement | Window> = Pick<
  VirtualizerOptions<Scroller, HTMLElement>,
  'getScrollElement' | 'observeElementRect' | 'observeElementOffset' | 'scrollToFn' | 'initialOffset'
>

function rowsIn<Scroller extends HTMLElement | Window>(
  { list, pane, estimate, end, changed }: RowsSetUp,
  scroller: ScrollerOptions<Scroller>,
): Rows {
  let current: RowsOptions = { count: 0, keyOf: String, kept: [] }
  let margin = marginOf(list, pane) ?? 0
  let rangeExtractor = rangeAround([])
  /** Rows are being measured by {@link Rows.drawn}; the draw that follows from that is part of the same frame. */
  let measuring = false

  const options = (): VirtualizerOptions<Scroller, HTMLElement> => ({
    ...scroller,
    count: current.count,
    getItemKey: current.keyOf,
    estimateSize: () => estimate,
    rangeExtractor,
    overscan: OVERSCAN,
    scrollMargin: margin,
    paddingEnd: end,
    // Rows that come in above those on the screen do not move them. At the list's top, new rows are seen to come.
    anchorTo: (virtualizer?.scrollOffset ?? 0) > margin ? 'end' : 'start',
    measureElement: heightOf,
    onChange: () => changed(!measuring),
  })

  function heightOf(row: HTMLElement, entry: ResizeObserverEntry | undefined): number {
    const known = virtualizer?.itemSizeCache.get(current.keyOf(Number(row.dataset.index)))
    if (entry === undefined && known !== undefined) return known
    const height = entry?.borderBoxSize[0]?.blockSize ?? row.getBoundingClientRect().height
    // The rows of a list that is hidden have no height.
    return height > 0 ? height : (known ?? estimate)
  }

  let virtualizer: Virtualizer<Scroller, HTMLElement> | null = null
  const made = new Virtualizer<Scroller, HTMLElement>(options())
  virtualizer = made
  const unmount = made._didMount()

  return {
    update(next) {
      if (next.kept.join() !== current.kept.join()) rangeExtractor = rangeAround(next.kept)
      current = next
      made.setOptions(options())
    },
    get items() {
      return made.getVirtualItems()
    },
    get margin() {
      return margin
    },
    get height() {
      return made.getTotalSize()
    },
    drawn() {
      measuring = true
      const next = marginOf(list, pane)
      if (next !== null && Math.abs(next - margin) > 0.5) {
        margin = next
        made.setOptions(options())
        changed(false)
      }
      made._willUpdate()
      for (const row of list.children) if (row instanceof HTMLElement) made.measureElement(row)
      made.measureElement(null)
      measuring = false
    },
    close: unmount,
  }
}

/** Pixels from the top of what scrolls to the list's top; null while the list is hidden. */
function marginOf(list: HTMLElement, pane: HTMLElement | null): number | null {
  if (list.getClientRects().length === 0) return null
  const { top } = list.getBoundingClientRect()
  return pane === null ? top + window.scrollY : top - pane.getBoundingClientRect().top + pane.scrollTop
}

/** Rows on the screen and near it, and the kept rows with their neighbours. */
function rangeAround(kept: readonly number[]): typeof defaultRangeExtractor {
  return (range) => {
    const indexes = new Set(defaultRangeExtractor(range))
    for (const row of kept) {
      const last = Math.min(range.count - 1, row + NEIGHBOURS)
      for (let index = Math.max(0, row - NEIGHBOURS); index <= last; index += 1) indexes.add(index)
    }
    return [...indexes].sort((a, b) => a - b)
  }
}
