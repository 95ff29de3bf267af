/** The part of pdfkit that tests use; it comes without types. */
declare module 'pdfkit' {
  import { Readable } from 'node:stream'

  export default class PDFDocument extends Readable {
    constructor(options: { info: { Title: string }; autoFirstPage: boolean })
    addPage(): this
    text(text: string): this
    end(): void
  }
}
