/**
 * Tables that continue on the next page, tagged with rows, header cells and their scope. The column titles are drawn
 * again on each page, untagged. A row is split only if it is higher than half a page.
 */

import { COLORS, COLUMN, PAGE, type Paper, STYLES, type Style } from './paper.ts'
import type { StructureElement } from './pdfkit.ts'

/** The share is relative to the shares of the other columns. */
export type Column = readonly [title: string, share: number, style?: Style]

export interface Table {
  /** For assistive technology. */
  title: string
  columns: readonly Column[]
  /** The first cell of a row is its header. */
  rows: readonly (readonly string[])[]
  /** Written instead of a table without rows. */
  empty?: string
}

interface Cell {
  lines: string[]
  element: StructureElement
  type: 'TH' | 'TD'
  style: Style
  x: number
}

const PADDING = { x: 6, y: 4 } as const
/** Points. Rows up to this height are not split. */
const KEEP = (PAGE.bottom - PAGE.top) / 2

export function drawTable(
  paper: Paper,
  parent: StructureElement,
  { title: tableTitle, columns, rows, empty }: Table,
): void {
  if (rows.length === 0 && empty !== undefined) {
    paper.text(parent, empty)
    return
  }
  const total = columns.reduce((sum, [, share]) => sum + share, 0)
  const widths = columns.map(([, share]) => (share / total) * COLUMN)
  const lefts = widths.map(
    (_, index) => PAGE.left + widths.slice(0, index).reduce((sum, width) => sum + width, 0),
  )
  const titles = columns.map(([title], index) =>
    paper.lines(paper.clean(title).text, (widths[index] ?? 0) - 2 * PADDING.x, STYLES.columnTitle),
  )
  const titleHeight =
    Math.max(...titles.map((lines) => lines.length)) * STYLES.columnTitle.leading + 2 * PADDING.y

  const table = paper.element(parent, 'Table', { title: tableTitle })
  paper.ensure(titleHeight + 3 * STYLES.cell.leading)
  const head = paper.element(table, 'THead')
  const headRow = paper.element(head, 'TR')
  paper.box(PAGE.left, paper.y, COLUMN, titleHeight, COLORS.tint)
  for (const [index, lines] of titles.entries()) {
    const cell = paper.element(headRow, 'TH', { scope: 'Column' })
    paper.put(cell, 'TH', lines, (lefts[index] ?? 0) + PADDING.x, paper.y + PADDING.y, STYLES.columnTitle)
    cell.end()
  }
  headRow.end()
  head.end()
  paper.y += titleHeight

  const repeatTitles = () => {
    paper.box(PAGE.left, paper.y, COLUMN, titleHeight, COLORS.tint)
    for (const [index, lines] of titles.entries()) {
      paper.ornament(lines, (lefts[index] ?? 0) + PADDING.x, paper.y + PADDING.y, STYLES.columnTitle)
    }
    paper.y += titleHeight
  }

  const body = paper.element(table, 'TBody')
  for (const row of rows) {
    const element = paper.element(body, 'TR')
    const cells = columns.map(([, , style], index): Cell => {
      const source = row[index] ?? ''
      const isHeader = index === 0
      const type = isHeader ? 'TH' : 'TD'
      const cellStyle = style ?? (isHeader ? STYLES.cellStrong : STYLES.cell)
      const { text, altered } = paper.clean(source)
      return {
        type,
        style: cellStyle,
        x: (lefts[index] ?? 0) + PADDING.x,
        lines: paper.lines(text, (widths[index] ?? 0) - 2 * PADDING.x, cellStyle),
        element: paper.element(element, type, {
          ...(isHeader ? { scope: 'Row' } : {}),
          ...(altered ? { actual: source } : {}),
        }),
      }
    })
    drawRow(paper, cells, repeatTitles)
    for (const cell of cells) cell.element.end()
    element.end()
  }
  body.end()
  table.end()
}

function drawRow(paper: Paper, cells: readonly Cell[], repeatTitles: () => void): void {
  const heightOf = () =>
    Math.max(...cells.map(({ lines, style }) => lines.length * style.leading)) + 2 * PADDING.y
  if (paper.y + heightOf() > PAGE.bottom && heightOf() <= KEEP) {
    paper.newPage()
    repeatTitles()
  }
  while (cells.some(({ lines }) => lines.length > 0)) {
    const room = PAGE.bottom - paper.y - 2 * PADDING.y
    if (room < STYLES.body.leading) {
      paper.newPage()
      repeatTitles()
      continue
    }
    let height = 0
    for (const { element, type, lines, style, x } of cells) {
      const here = lines.splice(0, Math.floor(room / style.leading))
      if (here.length === 0) continue
      paper.put(element, type, here, x, paper.y + PADDING.y, style)
      height = Math.max(height, here.length * style.leading)
    }
    paper.y += height + 2 * PADDING.y
    paper.rule(paper.y)
  }
}
