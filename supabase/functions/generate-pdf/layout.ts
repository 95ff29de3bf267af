/**
 * The layout of a report: what comes where. How it is drawn and tagged is `paper.ts`'s and `table.ts`'s business.
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
import { drawTable } from './table.ts'
import { drawVoiceNotes } from './voice-notes.ts'
import { wordsFor } from './words.ts'

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
  /** On a page of its own. */
  newPage?: boolean
}

export async function layOut(source: ReportSource, { fonts, loadPhoto }: LayoutOptions): Promise<Report> {
  const { report, incident, documents } = source
  const words = wordsFor(report.language)
  const facts = readFacts(incident.answers, incident)
  const paper = new Paper({
    title: `${words.report}: ${incident.title}`,
    subject: `${words.facts.claim} ${incident.id}`,
    words,
    fonts,
    createdAt: report.createdAt,
  })
  const photos = documents.filter(({ kind }) => kind === 'photo')
  const voiceNotes = documents.filter(({ kind }) => kind === 'audio')

  const sections: Section[] = [
    { title: words.sections.incident, draw: (element) => drawAnswers(paper, element, source, facts.others) },
    { title: words.sections.parties, draw: (element) => drawParties(paper, element, source, facts.parties) },
    { title: words.sections.vehicles, draw: (element) => drawVehicles(paper, element, facts.vehicles) },
    { title: words.sections.narrative, draw: (element) => drawNarrative(paper, element, source) },
    ...(voiceNotes.length > 0
      ? [
          {
            title: words.sections.voiceNotes,
            draw: (element: StructureElement) =>
              drawVoiceNotes(paper, element, voiceNotes, source.transcripts),
          },
        ]
      : []),
    {
      title: words.sections.photos,
      draw: (element) => drawPhotos(paper, element, photos, incident.answers, loadPhoto),
      newPage: photos.length > 0,
    },
    { title: words.sections.files, draw: (element) => drawFiles(paper, element, source) },
    { title: words.sections.about, draw: (element) => drawAbout(paper, element, source) },
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
  return await paper.finish(`${words.facts.claim} ${incident.id}`)
}

/** Room that a heading wants below it, so that it does not stand alone at the foot of a page. */
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
    [words.facts.date, incident.occurredOn === null ? '' : formatDay(incident.occurredOn, words)],
    ...answers.map((answer) => [answer.question ?? answer.ref ?? '', formatAnswer(answer, words)]),
  ].filter(([, answer]) => answer !== '')
  drawTable(paper, element, {
    title: words.sections.incident,
    columns: [
      { title: words.table.question, share: 2 },
      { title: words.table.answer, share: 3 },
    ],
    rows,
  })
}

type Line = readonly [label: string, text: string]

/** One line of a cell for each; the label says what it is. */
function cellOf(lines: readonly Line[]): string {
  return lines.map(([label, text]) => `${label}: ${text}`).join('\n')
}

function drawParties(
  paper: Paper,
  element: StructureElement,
  { incident }: ReportSource,
  parties: readonly Party[],
): void {
  const { words } = paper
  const all = withReporter(parties, incident.reporterEmail)
  if (all.length === 0) {
    paper.text(element, words.noParties)
    return
  }
  drawTable(paper, element, {
    title: words.sections.parties,
    columns: [
      { title: words.table.party, share: 20 },
      { title: words.partyFields.name, share: 24 },
      { title: words.contact, share: 30 },
      { title: words.insuranceAndMore, share: 34 },
    ],
    rows: all.map((party) => {
      const pick = (...fields: Party['fields'][number]['field'][]) =>
        party.fields
          .filter(({ field }) => fields.includes(field))
          .map(({ field, answer }): Line => [words.partyFields[field], formatAnswer(answer, words)])
      return [
        named(words.roles[party.kind], party.number),
        pick('name')
          .map(([, text]) => text)
          .join('\n'),
        cellOf(pick('phone', 'email', 'address')),
        cellOf(pick('role', 'insurer', 'policy', 'claim', 'licence', 'born', 'injury', 'statement')),
      ]
    }),
  })
}

/** The address that the claim came with is the reporter's, unless the form has said so already. */
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
  if (vehicles.length === 0) {
    paper.text(element, words.noVehicles)
    return
  }
  const sides = { own: words.ownVehicle, other: words.otherVehicle, any: words.anyVehicle }
  drawTable(paper, element, {
    title: words.sections.vehicles,
    columns: [
      { title: words.table.vehicle, share: 20 },
      { title: words.vehicleFields.plate, share: 18 },
      { title: words.makeAndModel, share: 26 },
      { title: words.insuranceAndMore, share: 44 },
    ],
    rows: vehicles.map((vehicle) => {
      const pick = (...fields: Vehicle['fields'][number]['field'][]) =>
        vehicle.fields
          .filter(({ field }) => fields.includes(field))
          .map(({ field, answer }): Line => [words.vehicleFields[field], formatAnswer(answer, words)])
      const bare = (lines: readonly Line[], separator: string) =>
        lines.map(([, text]) => text).join(separator)
      return [
        named(sides[vehicle.kind], vehicle.number),
        bare(pick('plate'), '\n'),
        [bare(pick('make', 'model'), ' '), bare(pick('colour', 'year'), ', ')]
          .filter((line) => line !== '')
          .join('\n'),
        cellOf(pick('insurer', 'policy', 'damage', 'drivable', 'mileage', 'vin', 'owner', 'driver')),
      ]
    }),
  })
}

function named(name: string, number: number | null): string {
  return number === null ? name : `${name} ${number}`
}

function drawNarrative(paper: Paper, element: StructureElement, { incident }: ReportSource): void {
  const text = (incident.description ?? '').trim()
  if (text === '') {
    paper.text(element, paper.words.narrativeMissing)
    return
  }
  for (const paragraph of text.split(/\n\s*\n/)) paper.text(element, paragraph, { after: 6 })
}

function drawFiles(paper: Paper, element: StructureElement, { documents }: ReportSource): void {
  const { words } = paper
  if (documents.length === 0) {
    paper.text(element, words.noFiles)
    return
  }
  drawTable(paper, element, {
    title: words.sections.files,
    columns: [
      { title: words.files.name, share: 26 },
      { title: words.files.kind, share: 15 },
      { title: words.files.size, share: 12 },
      { title: words.files.received, share: 20 },
      { title: words.photo.sha256, share: 36, style: STYLES.hash },
    ],
    rows: documents.map((document) => [
      document.fileName ?? document.id,
      words.kinds[document.kind],
      document.byteSize === null ? '–' : formatBytes(document.byteSize, words),
      document.receivedAt === null ? '–' : formatShortMoment(document.receivedAt),
      document.sha256 === null ? (document.work.error ?? '–') : formatHash(document.sha256, 32),
    ]),
  })
}

function drawAbout(paper: Paper, element: StructureElement, { report }: ReportSource): void {
  const { words } = paper
  const created = formatMoment(report.createdAt, words)
  for (const paragraph of words.about({ automatic: report.origin === 'automatic', created })) {
    paper.text(element, paragraph, { after: 5 })
  }
  if (paper.hasMarks) paper.text(element, words.marksNote, { after: 5 })
}
