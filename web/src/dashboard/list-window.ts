/**
 * Which rows of a long list are drawn: those on the screen and some on either side. In the place of all others stands
 * empty room of their height. Pure.
 *
 *   before ┆ first … end ┆ after
 */

export interface ListWindow {
  /** Of the rows that are drawn. */
  first: number
  /** Behind the last of them. */
  end: number
  /** Pixels of room in the place of the rows before and after them. */
  before: number
  after: number
}

/**
 * @param heights pixels of each row.
 * @param band pixels from the list's beginning: what has to be drawn.
 * @param keep the row with the focus, which stays with its neighbours, so that it can go on to them; unless it is too
 *   far away.
 */
export function windowOf(
  heights: readonly number[],
  band: { from: number; to: number },
  keep: number | null = null,
): ListWindow {
  let [offset, first, end] = [0, heights.length, heights.length]
  for (const [index, height] of heights.entries()) {
    if (first === heights.length && offset + height > band.from) first = index
    if (offset > band.to) {
      end = index
      break
    }
    offset += height
  }
  // Scrolled beyond the end, as a list is that has just become shorter.
  first = Math.min(first, Math.max(0, end - 1))
  if (keep !== null && keep > first - REACH && keep < end + REACH) {
    first = Math.max(0, Math.min(first, keep - NEIGHBOURS))
    end = Math.min(heights.length, Math.max(end, keep + NEIGHBOURS + 1))
  }
  return { first, end, before: sum(heights, 0, first), after: sum(heights, end, heights.length) }
}

/** On either side of the row with the focus. */
const NEIGHBOURS = 10

/** Rows that are drawn at most for the sake of the focus. */
const REACH = 200

function sum(heights: readonly number[], from: number, to: number): number {
  let total = 0
  for (let index = from; index < to; index += 1) total += heights[index] ?? 0
  return total
}
