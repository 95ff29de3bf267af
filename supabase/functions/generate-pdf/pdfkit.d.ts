/** The part of pdfkit that reports use; @types/pdfkit lacks what tagged PDFs need. */

export interface StructureElementOptions {
  title?: string
  lang?: string
  alt?: string
  /** The text that the content stands for. */
  actual?: string
  /** Left, top, right, bottom on the page, from its upper left corner. */
  bbox?: [number, number, number, number]
  placement?: 'Block' | 'Inline'
  /** Of a header cell. */
  scope?: 'Row' | 'Column' | 'Both'
}

export interface StructureContent {
  push(content: StructureContent): void
}

export interface StructureElement {
  add(child: StructureElement | StructureContent): StructureElement
  end(): void
}

export interface MarkingOptions {
  type?: 'Pagination' | 'Layout' | 'Page' | 'Background'
  attached?: ('Top' | 'Bottom' | 'Left' | 'Right')[]
}

export interface TextOptions {
  lineBreak?: boolean
  characterSpacing?: number
}

export interface AnnotationOptions {
  structParent?: StructureElement
  /** A string object; a primitive would become a name. */
  Contents?: object
}

export interface Outline {
  addItem(
    title: string,
    options?: { fit?: boolean; top?: number; left?: number; zoom?: number; expanded?: boolean },
  ): Outline
}

export interface DocumentInfo {
  Producer?: string
  Creator?: string
  CreationDate?: Date
  ModDate?: Date
  Title?: string
  Author?: string
  Subject?: string
  Keywords?: string
}

export interface DocumentOptions {
  pdfVersion?: '1.7'
  size?: [number, number]
  margin?: number
  autoFirstPage?: boolean
  bufferPages?: boolean
  compress?: boolean
  font?: null
  tagged?: boolean
  lang?: string
  displayTitle?: boolean
  subset?: 'PDF/UA'
  info?: DocumentInfo
}

export interface OpenImage {
  width: number
  height: number
}

export default class PDFDocument {
  constructor(options?: DocumentOptions)
  info: DocumentInfo
  endMetadata(): void
  addPage(): this
  /** pdfkit's own: what was written on the page, one array for each call. */
  page: { content: { buffer: Uint8Array[] } } | null
  bufferedPageRange(): { start: number; count: number }
  switchToPage(index: number): unknown
  end(): void
  on(event: 'data', listener: (chunk: Uint8Array) => void): this
  on(event: 'end', listener: () => void): this
  on(event: 'error', listener: (error: unknown) => void): this

  registerFont(name: string, source: Uint8Array): this
  font(name: string): this
  fontSize(size: number): this
  widthOfString(text: string): number
  text(text: string, x: number, y: number, options: TextOptions): this
  /** pdfkit's own: the font in use, as fontkit has parsed it. */
  _font: { font: { hasGlyphForCodePoint(codePoint: number): boolean } }

  openImage(bytes: Uint8Array): OpenImage
  image(image: OpenImage, x: number, y: number, options: { width: number; height: number }): this

  fillColor(color: string): this
  strokeColor(color: string): this
  lineWidth(width: number): this
  rect(x: number, y: number, width: number, height: number): this
  roundedRect(x: number, y: number, width: number, height: number, radius: number): this
  moveTo(x: number, y: number): this
  lineTo(x: number, y: number): this
  dash(length: number, options: { space: number }): this
  undash(): this
  fill(): this
  stroke(): this

  struct(type: string, options?: StructureElementOptions): StructureElement
  addStructure(element: StructureElement): this
  markContent(tag: 'Artifact', options?: MarkingOptions): this
  markStructureContent(tag: string): StructureContent
  endMarkedContent(): this

  addNamedDestination(name: string, fit: 'XYZ', left: number, top: number, zoom: number | null): void
  goTo(x: number, y: number, width: number, height: number, name: string, options?: AnnotationOptions): this
  link(x: number, y: number, width: number, height: number, url: string, options?: AnnotationOptions): this
  readonly outline: Outline
}
