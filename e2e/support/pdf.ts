/** PDF files: what pdf.js reads in one, and one as another program writes it. */

/// <reference path="./pdfkit.d.ts" />

import { buffer } from 'node:stream/consumers'
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'
import PDFDocument from 'pdfkit'

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

/** A PDF with this title and so many pages. */
export function pdfOf(title: string, pages: number): Promise<Buffer> {
  const pdf = new PDFDocument({ info: { Title: title }, autoFirstPage: false })
  for (let page = 1; page <= pages; page += 1) pdf.addPage().text(`${title}, page ${page}`)
  pdf.end()
  return buffer(pdf)
}
