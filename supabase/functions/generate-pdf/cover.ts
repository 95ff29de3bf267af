/** The first page: title, key facts and table of contents. */

import type { Facts } from './facts.ts'
import { formatAnswer, formatDay, formatMoment } from './format.ts'
import { COLORS, COLUMN, type Heading, PAGE, type Paper, STYLES, type Style } from './paper.ts'
import type { StructureElement } from './pdfkit.ts'
import type { ReportSource } from './source.ts'
import { fileCounts, type Words } from './words.ts'

export interface Cover {
  /** Draws the table of contents. Called last, when the sections' pages are known. */
  fillContents(headings: readonly Heading[]): void
}

const BRAND: Style = { font: 'semiBold', size: 10, leading: 14, color: COLORS.onBrandMuted }
const KIND: Style = { font: 'semiBold', size: 11, leading: 16, color: COLORS.onBrandMuted }
const TITLE: Style = { font: 'semiBold', size: 22, leading: 29, color: COLORS.onBrand }
const CONTENTS_TITLE: Style = { font: 'semiBold', size: 12, leading: 17, color: COLORS.brand }
const ENTRY: Style = { font: 'regular', size: 10, leading: 20, color: COLORS.ink }
const ENTRY_PAGE: Style = { font: 'regular', size: 10, leading: 20, color: COLORS.muted }

const BAND_TOP = 50
/** Most lines of the title; 200 characters take at most five. */
const MAX_TITLE_LINES = 6

export function drawCover(
  paper: Paper,
  source: ReportSource,
  facts: Facts,
  titles: readonly string[],
): Cover {
  drawBand(paper, source)
  drawKeyFacts(paper, keyFacts(source, facts, paper.words))
  return drawContents(paper, titles)
}

function drawBand(paper: Paper, { incident }: ReportSource): void {
  const { text, altered } = paper.clean(incident.title)
  const lines = paper.lines(text, COLUMN, TITLE).slice(0, MAX_TITLE_LINES)
  const height = BAND_TOP + 74 + lines.length * TITLE.leading
  paper.box(0, 0, PAGE.width, height, COLORS.brand)
  paper.box(0, height, PAGE.width, 4, COLORS.accent)
  paper.ornament(['Claimwire'], PAGE.left, BAND_TOP - 14, BRAND)

  const heading = paper.element(paper.root, 'H1', {
    title: incident.title,
    ...(altered ? { actual: `${paper.words.say('report')}: ${incident.title}` } : {}),
  })
  paper.put(heading, 'H1', [paper.words.say('report')], PAGE.left, BAND_TOP + 24, KIND)
  paper.put(heading, 'H1', lines, PAGE.left, BAND_TOP + 46, TITLE)
  heading.end()
  paper.y = height + 26
}

type Fact = readonly [label: string, value: string]

function keyFacts({ report, incident, documents }: ReportSource, facts: Facts, words: Words): Fact[] {
  const count = (wanted: string) => documents.filter(({ kind }) => kind === wanted).length
  const reporter = facts.parties.find(({ kind }) => kind === 'reporter')
  const name = reporter?.fields.find(({ field }) => field === 'name')
  const all: Fact[] = [
    [words.say('fact.date'), incident.occurredOn === null ? '' : formatDay(incident.occurredOn, words)],
    [words.say('fact.place'), facts.place === null ? '' : formatAnswer(facts.place, words)],
    [words.say('fact.police'), facts.police === null ? '' : formatAnswer(facts.police, words)],
    [
      words.say('fact.reporter'),
      name === undefined ? (incident.reporterEmail ?? '') : formatAnswer(name.answer, words),
    ],
    [words.say('fact.reported'), formatMoment(incident.createdAt, words)],
    [words.say('fact.files'), fileCounts(words, count('photo'), count('audio'), count('attachment'))],
    [words.say('fact.claim'), incident.id],
    [words.say('fact.report'), report.id],
  ]
  return all.filter(([, value]) => value !== '')
}

const FACT_GAP = 18
/** Most lines of the place. A longer text is cut here, and complete in the table of answers. */
const MAX_FACT_LINES = 4

/** Draws the key facts in two columns, row by row. */
function drawKeyFacts(paper: Paper, facts: readonly Fact[]): void {
  const width = (COLUMN - FACT_GAP) / 2
  const table = paper.element(paper.root, 'Table', { title: paper.words.say('section.incident') })
  const body = paper.element(table, 'TBody')
  for (let index = 0; index < facts.length; index += 2) {
    const heights = facts.slice(index, index + 2).map(([label, value], column) => {
      const x = PAGE.left + column * (width + FACT_GAP)
      const row = paper.element(body, 'TR')
      const header = paper.element(row, 'TH', { scope: 'Row' })
      paper.put(header, 'TH', [label], x, paper.y, STYLES.label)
      header.end()
      const { text, altered } = paper.clean(value)
      const all = paper.lines(text, width, STYLES.strong)
      const lines = all.slice(0, MAX_FACT_LINES)
      if (all.length > MAX_FACT_LINES) lines[MAX_FACT_LINES - 1] = `${lines.at(-1)?.slice(0, -1) ?? ''}…`
      const cell = paper.element(row, 'TD', altered ? { actual: value } : {})
      paper.put(cell, 'TD', lines, x, paper.y + STYLES.label.leading + 1, STYLES.strong)
      cell.end()
      row.end()
      return STYLES.label.leading + 1 + lines.length * STYLES.strong.leading
    })
    paper.y += Math.max(...heights) + 8
    paper.rule(paper.y)
    paper.y += 8
  }
  body.end()
  table.end()
}

function drawContents(paper: Paper, titles: readonly string[]): Cover {
  paper.y += 12
  paper.ensure(CONTENTS_TITLE.leading + 8 + titles.length * ENTRY.leading)
  paper.text(paper.root, paper.words.say('contents'), { type: 'P', style: CONTENTS_TITLE, after: 6 })
  const contents = paper.element(paper.root, 'TOC', { title: paper.words.say('contents') })
  const top = paper.y
  const pageIndex = paper.pageCount - 1
  paper.y += titles.length * ENTRY.leading
  return {
    fillContents(headings) {
      paper.onPage(pageIndex, () => {
        for (const [index, heading] of headings.entries()) {
          drawEntry(paper, contents, heading, index + 1, top + index * ENTRY.leading)
        }
      })
      contents.end()
    },
  }
}

function drawEntry(
  paper: Paper,
  contents: StructureElement,
  { title, destination, page }: Heading,
  number: number,
  y: number,
): void {
  const entry = paper.element(contents, 'TOCI')
  const text = `${number}  ${title}`
  const pageText = String(page)
  const pageX = PAGE.right - paper.width(pageText, ENTRY_PAGE)
  const from = PAGE.left + paper.width(text, ENTRY) + 8
  paper.artifact((pdf) => {
    pdf.strokeColor(COLORS.faint).lineWidth(0.8).dash(1, { space: 3 })
    pdf
      .moveTo(from, y + 13)
      .lineTo(pageX - 8, y + 13)
      .stroke()
      .undash()
  })
  const reference = paper.element(entry, 'Reference')
  paper.link(reference, text, { destination }, { x: PAGE.left, y, width: COLUMN }, ENTRY)
  reference.end()
  const label = paper.element(entry, 'Lbl')
  paper.put(label, 'Lbl', [pageText], pageX, y, ENTRY_PAGE)
  label.end()
  entry.end()
}
