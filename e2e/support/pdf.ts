/** What pdf.js reads in a PDF file. */

import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'

export interface PdfContent {
  text: string
  pageCount: number
  info: object
  xmp: string
}

export async function readPdf(bytes: Uint8Array): Promise<PdfContent> {
  const task = getDocument({ data: Uint8Array.from(bytes), verbosity: 0, useSystemFonts: false })
  const pdf = await task.promise
  const pages: string[] = []
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const { items } = await (await pdf.getPage(number)).getTextContent()
    pages.push(items.map((item) => ('str' in item ? `${item.str}${item.hasEOL ? '\n' : ''}` : '')).join(''))
  }
  const { info, metadata } = await pdf.getMetadata()
  const xmp = String(metadata?.getRaw() ?? '')
  await task.destroy()
  return { text: pages.join('\n'), pageCount: pages.length, info, xmp }
}
