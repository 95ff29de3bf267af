/** The section of photos: two on a page, each with its facts beside it. */

import type { Answer } from './facts.ts'
import { formatBytes, formatHash, formatMoment, formatPosition, formatTakenAt } from './format.ts'
import { COLORS, COLUMN, PAGE, type Paper, STYLES } from './paper.ts'
import type { StructureElement } from './pdfkit.ts'
import type { ReportDocument } from './source.ts'
import type { Words } from './words.ts'

/**
 * Loads the upright JPEG of a photo; null without a usable preview. Called for one photo after the other, so that one
 * JPEG is in memory at a time.
 */
export type LoadPhoto = (
  document: ReportDocument,
  size: 'preview' | 'thumbnail',
) => Promise<Uint8Array | null>

/** Points. A landscape photo of 4:3 takes the whole width. */
const BOX = { width: 342, height: 285 } as const
const GAP = 16
const FACTS_LEFT = PAGE.left + BOX.width + GAP
const FACTS_WIDTH = COLUMN - BOX.width - GAP
const AFTER = 24

/** Most bytes of full-size photos in one report, for memory and mail boxes. Further photos are shown small. */
const MAX_PICTURE_BYTES = 24 * 1024 * 1024

export async function drawPhotos(
  paper: Paper,
  parent: StructureElement,
  photos: readonly ReportDocument[],
  answers: readonly Answer[],
  loadPhoto: LoadPhoto,
): Promise<void> {
  if (photos.length === 0) {
    paper.text(parent, paper.words.say('none.photos'))
    return
  }
  let bytes = 0
  for (const [index, photo] of photos.entries()) {
    const small = bytes > MAX_PICTURE_BYTES
    const first = photos.findIndex(({ id }) => id === photo.duplicateOf)
    const jpeg = await loadPhoto(photo, small ? 'thumbnail' : 'preview')
    bytes += jpeg?.length ?? 0
    drawPhoto(paper, parent, {
      photo,
      number: index + 1,
      jpeg,
      small,
      caption: captionOf(photo, answers),
      sameAs: first === -1 ? null : first + 1,
    })
  }
}

interface Shown {
  photo: ReportDocument
  number: number
  jpeg: Uint8Array | null
  small: boolean
  caption: string | null
  /** Number of the first photo with the same bytes. */
  sameAs: number | null
}

/** The question that the photo answers, else its file name. */
function captionOf({ sourceRef, label }: ReportDocument, answers: readonly Answer[]): string | null {
  const question = sourceRef === null ? null : answers.find(({ ref }) => ref === sourceRef)?.question
  return question ?? label
}

function drawPhoto(paper: Paper, parent: StructureElement, shown: Shown): void {
  const { words } = paper
  const { photo, number, jpeg, small, caption } = shown
  const name = words.say('photo.title', { number: number })
  const title = caption === null || caption === name ? name : `${name}: ${caption}`
  const factLines = factsOf(paper, shown)
  const factsHeight = heightOf(paper, factLines)
  const box = small ? { width: 160, height: 160 } : BOX
  const pictureHeight = jpeg === null ? 72 : fittedHeight(photo, box)
  paper.ensure(STYLES.subsection.leading * 2 + 6 + Math.max(pictureHeight, factsHeight))

  const section = paper.element(parent, 'Sect', { title: name })
  paper.heading(section, title, 2)
  paper.y += 5
  const top = paper.y
  const height =
    jpeg === null
      ? drawNotice(paper, section, photo, top)
      : paper.figure(section, jpeg, { x: PAGE.left, y: top, ...box }, altOf(paper, title, photo)).height
  drawFacts(paper, section, factLines, top)
  section.end()
  paper.y = top + Math.max(height, factsHeight) + AFTER
}

function fittedHeight({ width, height }: ReportDocument, box: { width: number; height: number }): number {
  if (width === null || height === null) return box.height
  return height * Math.min(box.width / width, box.height / height)
}

function altOf({ words }: Paper, title: string, photo: ReportDocument): string {
  return [
    title,
    photo.label === null ? '' : `${words.say('photo.file')}: ${photo.label}`,
    photo.takenAt === null ? '' : `${words.say('photo.taken')}: ${takenText(photo, words)}`,
  ]
    .filter((part) => part !== '')
    .join('. ')
}

function drawNotice(paper: Paper, section: StructureElement, photo: ReportDocument, top: number): number {
  const { words } = paper
  const { state, error } = photo.work
  const text =
    state === 'pending'
      ? words.say('photo.pending')
      : state === 'failed'
        ? `${words.say('photo.failed')} ${error ?? ''}`
        : words.say('photo.noPreview')
  const lines = paper.lines(paper.clean(text).text, BOX.width - 28, STYLES.body)
  const height = lines.length * STYLES.body.leading + 28
  const color = state === 'failed' ? COLORS.warningTint : COLORS.tint
  paper.box(PAGE.left, top, BOX.width, height, color, 4)
  const element = paper.element(section, 'P')
  paper.put(element, 'P', lines, PAGE.left + 14, top + 14, {
    ...STYLES.body,
    color: state === 'failed' ? COLORS.warning : COLORS.ink,
  })
  element.end()
  return height
}

interface FactLine {
  label: string
  text: string
  url?: string
  hash?: boolean
}

/** The time of the photo; where the camera's time of taking it is missing, with the time's own name. */
function takenText({ takenAt, takenAtSource }: ReportDocument, words: Words): string {
  if (takenAt === null) return words.say('photo.unknown')
  const time = formatTakenAt(takenAt, words)
  if (takenAtSource === null || takenAtSource === 'original') return time
  return `${time} (${words.say(`photo.time.${takenAtSource}`)})`
}

function factsOf({ words }: Paper, { photo, small, jpeg, sameAs }: Shown): FactLine[] {
  const { position, camera, receivedAt, label: name, byteSize, width, height, sha256 } = photo
  const size = [
    width !== null && height !== null ? `${width} × ${height}` : '',
    byteSize === null ? '' : formatBytes(byteSize, words),
  ].filter((part) => part !== '')
  return [
    {
      label: words.say('photo.taken'),
      text: takenText(photo, words),
    },
    position === null
      ? { label: words.say('photo.position'), text: words.say('photo.unknown') }
      : { label: words.say('photo.position'), text: formatPosition(position), url: mapOf(position) },
    ...(camera === null ? [] : [{ label: words.say('photo.camera'), text: camera }]),
    ...(receivedAt === null
      ? []
      : [{ label: words.say('photo.received'), text: formatMoment(receivedAt, words) }]),
    ...(name === null ? [] : [{ label: words.say('photo.file'), text: name }]),
    ...(size.length === 0 ? [] : [{ label: words.say('photo.pixels'), text: size.join(', ') }]),
    ...(sha256 === null
      ? []
      : [{ label: words.say('photo.sha256'), text: formatHash(sha256, 16), hash: true }]),
    ...(sameAs === null
      ? []
      : [{ label: words.say('photo.sameAs'), text: words.say('photo.title', { number: sameAs }) }]),
    ...(small && jpeg !== null ? [{ label: '', text: words.say('photo.tooMany') }] : []),
  ]
}

function mapOf({ latitude, longitude }: { latitude: number; longitude: number }): string {
  const place = `${latitude.toFixed(5)}/${longitude.toFixed(5)}`
  return `https://www.openstreetmap.org/?mlat=${latitude.toFixed(5)}&mlon=${longitude.toFixed(5)}#map=18/${place}`
}

const FACT_AFTER = 4
/** Most lines of one fact. A long file name is cut here, and complete in the table of files. */
const MAX_LINES = 5

function styleOf({ hash }: FactLine) {
  return hash === true ? STYLES.hash : STYLES.cell
}

function linesOf(paper: Paper, fact: FactLine): string[] {
  const lines = paper.lines(paper.clean(fact.text).text, FACTS_WIDTH, styleOf(fact))
  return lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES - 1), '…'] : lines
}

function heightOf(paper: Paper, facts: readonly FactLine[]): number {
  return facts.reduce(
    (sum, fact) =>
      sum +
      (fact.label === '' ? 0 : STYLES.label.leading) +
      linesOf(paper, fact).length * styleOf(fact).leading +
      FACT_AFTER,
    0,
  )
}

/** Draws labels and values, tagged as a table without borders. */
function drawFacts(paper: Paper, section: StructureElement, facts: readonly FactLine[], top: number): void {
  const table = paper.element(section, 'Table')
  const body = paper.element(table, 'TBody')
  let y = top
  for (const fact of facts) {
    const row = paper.element(body, 'TR')
    const header = paper.element(row, 'TH', { scope: 'Row' })
    if (fact.label !== '') {
      paper.put(header, 'TH', [fact.label], FACTS_LEFT, y, STYLES.label)
      y += STYLES.label.leading
    }
    header.end()
    const style = styleOf(fact)
    const lines = linesOf(paper, fact)
    const { altered } = paper.clean(fact.text)
    const cell = paper.element(row, 'TD', altered ? { actual: fact.text } : {})
    if (fact.url !== undefined && lines.length === 1) {
      const area = { x: FACTS_LEFT, y, width: FACTS_WIDTH }
      paper.link(cell, lines[0] ?? '', { url: fact.url }, area, { ...style, color: COLORS.accent })
    } else {
      paper.put(cell, 'TD', lines, FACTS_LEFT, y, style)
    }
    cell.end()
    row.end()
    y += lines.length * style.leading + FACT_AFTER
  }
  body.end()
  table.end()
}
