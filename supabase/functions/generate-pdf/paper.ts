/**
 * Draws tagged pages: every word belongs to an element of the structure tree, and everything else is an artifact, as
 * PDF/UA requires. Content flows from the top to the bottom and on to the next page. `layout.ts` decides what is drawn.
 */

import type { Fonts } from './fonts.ts'
import { type Outline, PDFDocument, type StructureElement, type StructureElementOptions } from './pdfkit.ts'
import { breakLines, legible } from './text.ts'
import type { Words } from './words.ts'

/** Points. */
export const PAGE = { width: 595.28, height: 841.89, left: 56, right: 539.28, top: 74, bottom: 778 } as const
export const COLUMN = PAGE.right - PAGE.left

export const COLORS = {
  ink: '#16202e',
  muted: '#5a6675',
  faint: '#d9dfe7',
  tint: '#f3f6fa',
  brand: '#12385f',
  accent: '#1f6feb',
  onBrand: '#ffffff',
  onBrandMuted: '#c5d5e8',
  warning: '#8a4b00',
  warningTint: '#fff4e0',
} as const

export interface Style {
  font: 'regular' | 'semiBold'
  /** Points. */
  size: number
  /** Points from one baseline to the next. */
  leading: number
  color: string
}

export const STYLES = {
  body: { font: 'regular', size: 9.5, leading: 14, color: COLORS.ink },
  strong: { font: 'semiBold', size: 9.5, leading: 14, color: COLORS.ink },
  cell: { font: 'regular', size: 8.5, leading: 12, color: COLORS.ink },
  cellStrong: { font: 'semiBold', size: 8.5, leading: 12, color: COLORS.ink },
  columnTitle: { font: 'semiBold', size: 7.5, leading: 11, color: COLORS.muted },
  label: { font: 'regular', size: 7.5, leading: 11, color: COLORS.muted },
  small: { font: 'regular', size: 7.5, leading: 10.5, color: COLORS.muted },
  hash: { font: 'regular', size: 7, leading: 9.5, color: COLORS.muted },
  section: { font: 'semiBold', size: 14, leading: 19, color: COLORS.brand },
  subsection: { font: 'semiBold', size: 10.5, leading: 15, color: COLORS.ink },
} as const satisfies Record<string, Style>

export interface Heading {
  title: string
  destination: string
  /** Number of the page, from 1. */
  page: number
}

export interface PaperOptions {
  title: string
  subject: string
  words: Words
  fonts: Fonts
  createdAt: Date
}

const CREATOR = 'Claimwire'

export class Paper {
  readonly root: StructureElement
  readonly words: Words
  /** Position of the next block: points from the top of the page. */
  y: number = PAGE.top
  /** Whether a text on any page has a mark in place of characters that the fonts lack. */
  hasMarks = false
  readonly #pdf: PDFDocument
  readonly #chunks: Uint8Array[] = []
  readonly #ended = Promise.withResolvers<void>()
  #outline: Outline | undefined
  #headings = 0

  constructor({ title, subject, words, fonts, createdAt }: PaperOptions) {
    this.words = words
    this.#pdf = new PDFDocument({
      pdfVersion: '1.7',
      size: [PAGE.width, PAGE.height],
      // Without a bottom margin, pdfkit never starts a page by itself.
      margin: 0,
      autoFirstPage: false,
      bufferPages: true,
      font: null,
      tagged: true,
      lang: words.language,
      displayTitle: true,
      subset: 'PDF/UA',
      info: { Producer: CREATOR, Creator: CREATOR, CreationDate: createdAt, ModDate: createdAt },
    })
    this.#pdf.on('data', (chunk) => this.#chunks.push(chunk))
    this.#pdf.on('end', () => this.#ended.resolve())
    this.#pdf.on('error', (error) => this.#ended.reject(error))
    this.#pdf.registerFont('regular', fonts.regular).registerFont('semiBold', fonts.semiBold)
    this.#setTitle(this.clean(title).text, this.clean(subject).text)
    this.root = this.#pdf.struct('Document', { lang: words.language })
    this.#pdf.addStructure(this.root)
    this.newPage()
  }

  /** Escaped, because pdfkit writes titles into XML without escaping. */
  #setTitle(title: string, subject: string): void {
    const pdf = this.#pdf
    Object.assign(pdf.info, { Title: title, Author: CREATOR, Subject: subject })
    const endMetadata = pdf.endMetadata
    pdf.endMetadata = () => {
      pdf.info = { ...pdf.info, Title: escapeXml(title), Subject: escapeXml(subject) }
      endMetadata.call(pdf)
    }
  }

  get pageCount(): number {
    return this.#pdf.bufferedPageRange().count
  }

  newPage(): void {
    this.#compact()
    this.#pdf.addPage()
    this.y = PAGE.top
  }

  /** Joins the page's thousands of small arrays, which take many times the memory of one. */
  #compact(): void {
    const content = this.#pdf.page?.content
    if (content !== undefined) content.buffer = [joined(content.buffer)]
  }

  /** Starts a new page if the current one has less than `height` points left. */
  ensure(height: number): void {
    if (this.y + height > PAGE.bottom && this.y > PAGE.top) this.newPage()
  }

  /** Adds an element to the structure tree. The caller ends it. */
  element(parent: StructureElement, type: string, options: StructureElementOptions = {}): StructureElement {
    const element = this.#pdf.struct(type, options)
    parent.add(element)
    return element
  }

  clean(text: string): { text: string; altered: boolean } {
    this.#pdf.font('regular')
    const { font } = this.#pdf._font
    const result = legible(text, (codePoint) => font.hasGlyphForCodePoint(codePoint), this.words)
    if (result.altered) this.hasMarks = true
    return result
  }

  /** The lines that a cleaned text takes in a width in points. */
  lines(text: string, width: number, style: Style): string[] {
    this.#use(style)
    return breakLines(text, width, (part) => this.#pdf.widthOfString(part))
  }

  width(text: string, style: Style): number {
    this.#use(style)
    return this.#pdf.widthOfString(text)
  }

  /** Draws lines at a position, as content of an element. */
  put(
    element: StructureElement,
    tag: string,
    lines: readonly string[],
    x: number,
    y: number,
    style: Style,
  ): void {
    this.tagged(element, tag, () => this.#draw(lines, x, y, style))
  }

  tagged(element: StructureElement, tag: string, draw: () => void): void {
    const content = this.#pdf.markStructureContent(tag)
    draw()
    this.#pdf.endMarkedContent()
    element.add(content)
  }

  /** Draws a text that continues on further pages, as one element. */
  text(
    parent: StructureElement,
    source: string,
    { type = 'P', style = STYLES.body, x = PAGE.left, width = COLUMN, after = 0 }: TextBlock = {},
  ): void {
    const { text, altered } = this.clean(source)
    const element = this.element(parent, type, altered ? { actual: source } : {})
    const lines = this.lines(text, width, style)
    while (lines.length > 0) {
      this.ensure(style.leading)
      const fitting = Math.max(1, Math.floor((PAGE.bottom - this.y) / style.leading))
      const here = lines.splice(0, fitting)
      this.put(element, type, here, x, this.y, style)
      this.y += here.length * style.leading
    }
    element.end()
    this.y += after
  }

  /** Draws a heading with an outline entry and a destination for links. Sections have level 1. */
  heading(parent: StructureElement, source: string, level: 1 | 2): Heading {
    const { text, altered } = this.clean(source)
    const style = level === 1 ? STYLES.section : STYLES.subsection
    const lines = this.lines(text, COLUMN, style)
    this.#headings += 1
    const destination = `heading-${this.#headings}`
    const type = level === 1 ? 'H2' : 'H3'
    this.#pdf.addNamedDestination(destination, 'XYZ', PAGE.left, this.y - 8, null)
    const place = { fit: false, top: this.y - 8, left: 0, zoom: 0, expanded: false }
    if (level === 1) this.#outline = this.#pdf.outline.addItem(text, place)
    else this.#outline?.addItem(text, place)
    const element = this.element(parent, type, { title: text, ...(altered ? { actual: source } : {}) })
    this.put(element, type, lines, PAGE.left, this.y, style)
    element.end()
    this.y += lines.length * style.leading
    return { title: text, destination, page: this.pageCount }
  }

  /** Draws an artifact, i.e. decoration that screen readers skip. */
  artifact(draw: (pdf: PDFDocument) => void, type: 'Layout' | 'Background' = 'Layout'): void {
    this.#pdf.markContent('Artifact', { type })
    draw(this.#pdf)
    this.#pdf.endMarkedContent()
  }

  rule(y: number, x = PAGE.left, width = COLUMN, color: string = COLORS.faint): void {
    this.artifact((pdf) =>
      pdf
        .strokeColor(color)
        .lineWidth(0.6)
        .moveTo(x, y)
        .lineTo(x + width, y)
        .stroke(),
    )
  }

  box(x: number, y: number, width: number, height: number, color: string, radius = 0): void {
    this.artifact((pdf) => {
      pdf.fillColor(color)
      if (radius > 0) pdf.roundedRect(x, y, width, height, radius).fill()
      else pdf.rect(x, y, width, height).fill()
    }, 'Background')
  }

  /** Draws lines as an artifact, e.g. column titles repeated on a table's next page. */
  ornament(lines: readonly string[], x: number, y: number, style: Style): void {
    this.artifact(() => this.#draw(lines, x, y, style))
  }

  /**
   * Draws an upright JPEG as a figure, as large as the box allows. The document copies the bytes at once, so the caller
   * may release them. @throws pdfkit's error for bytes that are no JPEG
   */
  figure(
    parent: StructureElement,
    jpeg: Uint8Array,
    box: { x: number; y: number; width: number; height: number },
    alt: string,
  ): { width: number; height: number } {
    const image = this.#pdf.openImage(jpeg)
    const scale = Math.min(box.width / image.width, box.height / image.height)
    const width = image.width * scale
    const height = image.height * scale
    const element = this.element(parent, 'Figure', {
      alt,
      placement: 'Block',
      bbox: [box.x, box.y, box.x + width, box.y + height],
    })
    this.tagged(element, 'Figure', () => this.#pdf.image(image, box.x, box.y, { width, height }))
    element.end()
    this.artifact((pdf) =>
      pdf.strokeColor(COLORS.faint).lineWidth(0.5).rect(box.x, box.y, width, height).stroke(),
    )
    return { width, height }
  }

  /** Draws a link to a heading of this document, or to a URL. */
  link(
    parent: StructureElement,
    text: string,
    target: { destination: string } | { url: string },
    area: { x: number; y: number; width: number },
    style: Style,
  ): void {
    const element = this.element(parent, 'Link')
    this.put(element, 'Link', [text], area.x, area.y, style)
    const options = { structParent: element, Contents: stringObject(text) }
    const { x, y, width } = area
    if ('url' in target) this.#pdf.link(x, y, width, style.leading, target.url, options)
    else this.#pdf.goTo(x, y, width, style.leading, target.destination, options)
    // Ended on its own page: pdfkit records the page of a link when the element ends.
    element.end()
  }

  /** Draws on an earlier page, then continues on the last one. */
  onPage(index: number, draw: () => void): void {
    const last = this.pageCount - 1
    const { y } = this
    this.#pdf.switchToPage(index)
    draw()
    this.#pdf.switchToPage(last)
    this.y = y
  }

  /** Draws the footer of each page, and the header of each page but the first. */
  #paginate(running: string): void {
    const count = this.pageCount
    const style = STYLES.small
    for (let index = 0; index < count; index += 1) {
      this.#pdf.switchToPage(index)
      const number = this.words.say('page', { number: index + 1, count })
      this.#pdf.markContent('Artifact', { type: 'Pagination', attached: ['Bottom'] })
      this.#pdf
        .strokeColor(COLORS.faint)
        .lineWidth(0.6)
        .moveTo(PAGE.left, 800)
        .lineTo(PAGE.right, 800)
        .stroke()
      this.#draw([running], PAGE.left, 807, style)
      this.#draw([number], PAGE.right - this.width(number, style), 807, style)
      this.#pdf.endMarkedContent()
      if (index === 0) continue
      this.#pdf.markContent('Artifact', { type: 'Pagination', attached: ['Top'] })
      this.#draw([this.words.say('report')], PAGE.left, 36, style)
      this.#draw([CREATOR], PAGE.right - this.width(CREATOR, style), 36, style)
      this.#pdf.strokeColor(COLORS.faint).lineWidth(0.6).moveTo(PAGE.left, 52).lineTo(PAGE.right, 52).stroke()
      this.#pdf.endMarkedContent()
    }
  }

  /** Returns the finished file. @param running text in the footer of each page, beside the page number */
  async finish(running: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; pageCount: number }> {
    const { pageCount } = this
    this.#paginate(this.clean(running).text)
    this.root.end()
    this.#pdf.end()
    await this.#ended.promise
    return { bytes: joined(this.#chunks), pageCount }
  }

  #use({ font, size }: Style): void {
    this.#pdf.font(font).fontSize(size)
  }

  #draw(lines: readonly string[], x: number, y: number, style: Style): void {
    this.#use(style)
    this.#pdf.fillColor(style.color)
    // The leading differs from the font's own line height, so the text is centred in its line.
    const offset = (style.leading - style.size * 1.21) / 2
    for (const [index, line] of lines.entries()) {
      if (line !== '') this.#pdf.text(line, x, y + index * style.leading + offset, { lineBreak: false })
    }
  }
}

export interface TextBlock {
  /** Type of the structure element. */
  type?: string
  style?: Style
  x?: number
  width?: number
  /** Points of space below the block. */
  after?: number
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** pdfkit writes a String object as a text, and a primitive string as a PDF name. */
function stringObject(text: string): object {
  return Object(text)
}

/** Joins the chunks and empties the list, so that each chunk can be freed once it is copied. */
function joined(chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const [index, chunk] of chunks.entries()) {
    bytes.set(chunk, offset)
    offset += chunk.length
    chunks[index] = new Uint8Array()
  }
  return bytes
}
