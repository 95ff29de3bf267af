/**
 * The layout of a report: its sections and their order. `paper.ts` and `table.ts` draw and tag them.
 *
 *   cover (title, key facts, contents) ─▶ incident ─▶ parties ─▶ vehicles ─▶ what happened ─▶ voice notes ─▶ photos
 *   ─▶ files and their hashes ─▶ about this report
 *
 * The same source gives the same bytes.
 */

import { drawCover } from './cover.ts'
import { type Answer, type Party, readFacts, type Vehicle } from './facts.ts'
import type { Fonts } from './fonts.ts'
import {
  formatAnswer,
  formatBytes,
  formatDay,
  formatHash,
  formatMoment,
  formatShortMoment,
} from './format.ts'
import { type Heading, PAGE, Paper, STYLES } from './paper.ts'
import type { StructureElement } from './pdfkit.ts'
import { drawPhotos, type LoadPhoto } from './photos.ts'
import type { ReportSource } from './source.ts'
import { type Column, drawTable } from './table.ts'
import { drawVoiceNotes } from './voice-notes.ts'
import { type TextKey, type Words, wordsFor } from './words.ts'

export interface LayoutOptions {
  fonts: Fonts
  loadPhoto: LoadPhoto
}

export interface Report {
  bytes: Uint8Array<ArrayBuffer>
  pageCount: number
}

interface Section {
  title: string
  draw: (element: StructureElement) => void | Promise<void>
  /** Begins on a new page. */
  newPage?: boolean
}

export async function layOut(source: ReportSource, { fonts, loadPhoto }: LayoutOptions): Promise<Report> {
  const { report, incident, documents } = source
  const words = wordsFor(report.language)
  const facts = readFacts(incident.answers, incident)
  const paper = new Paper({
    title: `${words.say('report')}: ${incident.title}`,
    subject: `${words.say('fact.claim')} ${incident.id}`,
    words,
    fonts,
    createdAt: report.createdAt,
  })
  const photos = documents.filter(({ kind }) => kind === 'photo')
  const voiceNotes = documents.filter(({ kind }) => kind === 'audio')

  const sections: Section[] = [
    {
      title: words.say('section.incident'),
      draw: (element) => drawAnswers(paper, element, source, facts.others),
    },
    {
      title: words.say('section.parties'),
      draw: (element) => drawParties(paper, element, source, facts.parties),
    },
    { title: words.say('section.vehicles'), draw: (element) => drawVehicles(paper, element, facts.vehicles) },
    { title: words.say('section.narrative'), draw: (element) => drawNarrative(paper, element, source) },
    ...(voiceNotes.length > 0
      ? [
          {
            title: words.say('section.voiceNotes'),
            draw: (element: StructureElement) =>
              drawVoiceNotes(paper, element, voiceNotes, source.transcripts),
          },
        ]
      : []),
    {
      title: words.say('section.photos'),
      draw: (element) => drawPhotos(paper, element, photos, incident.answers, loadPhoto),
      newPage: photos.length > 0,
    },
    { title: words.say('section.files'), draw: (element) => drawFiles(paper, element, source) },
    { title: words.say('section.about'), draw: (element) => drawAbout(paper, element, source) },
  ]

  const cover = drawCover(
    paper,
    source,
    facts,
    sections.map(({ title }) => title),
  )
  const headings: Heading[] = []
  for (const [index, section] of sections.entries()) {
    headings.push(await drawSection(paper, section, index + 1))
  }
  cover.fillContents(headings)
  return await paper.finish(`${words.say('fact.claim')} ${incident.id}`)
}

/** Points of room below a heading, so that it does not stand alone at the foot of a page. */
const WITH_HEADING = 90

async function drawSection(
  paper: Paper,
  { title, draw, newPage }: Section,
  number: number,
): Promise<Heading> {
  const element = paper.element(paper.root, 'Sect', { title })
  if (newPage === true && paper.y > PAGE.top) paper.newPage()
  if (paper.y > PAGE.top) paper.y += 22
  paper.ensure(WITH_HEADING)
  const heading = paper.heading(element, `${number}  ${title}`, 1)
  paper.y += 7
  await draw(element)
  element.end()
  return { ...heading, title }
}

function drawAnswers(
  paper: Paper,
  element: StructureElement,
  { incident }: ReportSource,
  answers: readonly Answer[],
): void {
  const { words } = paper
  const rows = [
    [words.say('fact.date'), incident.occurredOn === null ? '' : formatDay(incident.occurredOn, words)],
    ...answers.map((answer) => [answer.question ?? answer.ref ?? '', formatAnswer(answer, words)]),
  ].filter(([, answer]) => answer !== '')
  drawTable(paper, element, {
    title: words.say('section.incident'),
    columns: [
      [words.say('table.question'), 2],
      [words.say('table.answer'), 3],
    ],
    rows,
  })
}

type Line = readonly [label: string, text: string]

/** The lines of some fields of a party or a vehicle, in the order of the form. */
type PickLines<Field> = (...wanted: Field[]) => Line[]

function linesOf<Field extends string>(
  fields: readonly { field: Field; answer: Answer }[],
  label: (field: Field) => string,
  words: Words,
): PickLines<Field> {
  return (...wanted) =>
    fields
      .filter(({ field }) => wanted.includes(field))
      .map(({ field, answer }) => [label(field), formatAnswer(answer, words)])
}

/** The content of a cell: a line for each field, with its label. */
function labelled(lines: readonly Line[]): string {
  return lines.map(([label, text]) => `${label}: ${text}`).join('\n')
}

function bare(lines: readonly Line[], separator: string): string {
  return lines.map(([, text]) => text).join(separator)
}

/** Titles of columns, and their shares of the width. */
const COLUMNS = {
  parties: { titles: ['table.party', 'party.name', 'contact', 'insuranceAndMore'], shares: [20, 24, 30, 34] },
  vehicles: {
    titles: ['table.vehicle', 'vehicle.plate', 'makeAndModel', 'insuranceAndMore'],
    shares: [20, 18, 26, 44],
  },
  files: {
    titles: ['file.name', 'file.kind', 'file.size', 'file.received', 'photo.sha256'],
    shares: [26, 15, 12, 20, 36],
  },
} as const satisfies Record<string, { titles: readonly TextKey[]; shares: readonly number[] }>

function drawRows(
  paper: Paper,
  element: StructureElement,
  section: keyof typeof COLUMNS,
  rows: readonly (readonly string[])[],
): void {
  const { words } = paper
  const { titles, shares } = COLUMNS[section]
  const columns = titles.map((key, index): Column => {
    const column = [words.say(key), shares[index] ?? 1] as const
    return key === 'photo.sha256' ? [...column, STYLES.hash] : column
  })
  const title = words.say(`section.${section}`)
  drawTable(paper, element, { title, columns, rows, empty: words.say(`none.${section}`) })
}

function drawParties(
  paper: Paper,
  element: StructureElement,
  { incident }: ReportSource,
  parties: readonly Party[],
): void {
  const { words } = paper
  const rows = withReporter(parties, incident.reporterEmail).map(({ kind, number, fields }) => {
    const pick = linesOf(fields, (field) => words.say(`party.${field}`), words)
    return [
      named(words.say(`role.${kind}`), number),
      bare(pick('name'), '\n'),
      labelled(pick('phone', 'email', 'address')),
      labelled(pick('role', 'insurer', 'policy', 'claim', 'licence', 'born', 'injury', 'statement')),
    ]
  })
  drawRows(paper, element, 'parties', rows)
}

/** Adds the e-mail address of the claim to the reporter, unless the form has it already. */
function withReporter(parties: readonly Party[], email: string | null): Party[] {
  if (email === null) return [...parties]
  const field: Party['fields'][number] = {
    field: 'email',
    answer: { ref: null, question: null, type: 'email', value: email },
  }
  const reporter = parties.find(({ kind }) => kind === 'reporter')
  if (reporter === undefined) return [{ kind: 'reporter', number: null, fields: [field] }, ...parties]
  if (reporter.fields.some((known) => known.field === 'email')) return [...parties]
  return parties.map((party) => (party === reporter ? { ...party, fields: [...party.fields, field] } : party))
}

function drawVehicles(paper: Paper, element: StructureElement, vehicles: readonly Vehicle[]): void {
  const { words } = paper
  const rows = vehicles.map(({ kind, number, fields }) => {
    const pick = linesOf(fields, (field) => words.say(`vehicle.${field}`), words)
    const model = [bare(pick('make', 'model'), ' '), bare(pick('colour', 'year'), ', ')]
    return [
      named(words.say(`side.${kind}`), number),
      bare(pick('plate'), '\n'),
      model.filter((line) => line !== '').join('\n'),
      labelled(pick('insurer', 'policy', 'damage', 'drivable', 'mileage', 'vin', 'owner', 'driver')),
    ]
  })
  drawRows(paper, element, 'vehicles', rows)
}

function named(name: string, number: number | null): string {
  return number === null ? name : `${name} ${number}`
}

function drawNarrative(paper: Paper, element: StructureElement, { incident }: ReportSource): void {
  const text = (incident.description ?? '').trim()
  if (text === '') {
    paper.text(element, paper.words.say('narrativeMissing'))
    return
  }
  for (const paragraph of text.split(/\n\s*\n/)) paper.text(element, paragraph, { after: 6 })
}

function drawFiles(paper: Paper, element: StructureElement, { documents, custody }: ReportSource): void {
  const { words } = paper
  const rows = documents.map((document) => [
    document.label ?? document.id,
    words.say(`kind.${document.kind}`),
    document.byteSize === null ? '–' : formatBytes(document.byteSize, words),
    document.receivedAt === null ? '–' : formatShortMoment(document.receivedAt),
    document.sha256 === null ? (document.work.error ?? '–') : formatHash(document.sha256, 32),
  ])
  drawRows(paper, element, 'files', rows)
  if (custody === null) return
  paper.y += 6
  paper.text(element, words.say('custodyHead', { number: String(custody.number) }), { after: 2 })
  paper.text(element, formatHash(custody.hash, 32), { style: STYLES.hash })
}

function drawAbout(paper: Paper, element: StructureElement, { report }: ReportSource): void {
  const { words } = paper
  const created = formatMoment(report.createdAt, words)
  const paragraphs = [
    words.say(`about.${report.origin}`, { created }),
    words.say('about.statements'),
    words.say('about.originals'),
  ]
  for (const paragraph of paragraphs) paper.text(element, paragraph, { after: 5 })
  if (paper.hasMarks) paper.text(element, words.say('marksNote'), { after: 5 })
}
