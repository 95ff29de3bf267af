/** Reads text, structure, outline and links of a PDF with pdf.js, independently of the code under test. */

import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { isRecord } from '../../../../functions-shared/unknown.ts'

export interface ReadPdf {
  /** Text of each page. */
  pages: string[]
  text: string
  /** Structure trees of the pages. */
  trees: Element[]
  /** Titles with the number of the page that each leads to, from 1; depth first. */
  outline: { title: string; page: number }[]
  /** Links of each page: the number of the page that each leads to, or the address. */
  links: (number | string)[][]
  info: Record<string, unknown>
  xmp: string
}

/** An element of the structure tree; its content is left out. */
export interface Element {
  role: string
  alt: string | null
  children: Element[]
}

export async function readPdf(bytes: Uint8Array): Promise<ReadPdf> {
  const task = getDocument({ data: bytes.slice(), verbosity: 0, useSystemFonts: false })
  const pdf = await task.promise
  const pageOf = async (dest: unknown): Promise<number> => {
    const explicit: unknown = typeof dest === 'string' ? await pdf.getDestination(dest) : dest
    return Array.isArray(explicit) ? (await pdf.getPageIndex(explicit[0])) + 1 : 0
  }
  const result: ReadPdf = { pages: [], text: '', trees: [], outline: [], links: [], info: {}, xmp: '' }
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number)
    const { items } = await page.getTextContent()
    const lines = items.map((item) => ('str' in item ? `${item.str}${item.hasEOL ? '\n' : ''}` : ''))
    result.pages.push(lines.join(''))
    result.trees.push(parseElement(await page.getStructTree()))
    const annotations: unknown[] = await page.getAnnotations()
    result.links.push(
      await Promise.all(
        annotations
          .filter(isRecord)
          .filter(({ subtype }) => subtype === 'Link')
          .map(({ url, dest }) => (typeof url === 'string' ? url : pageOf(dest))),
      ),
    )
  }
  const walk = async (items: unknown): Promise<void> => {
    for (const item of Array.isArray(items) ? items.filter(isRecord) : []) {
      result.outline.push({ title: String(item.title), page: await pageOf(item.dest) })
      await walk(item.items)
    }
  }
  await walk(await pdf.getOutline())
  const { info, metadata } = await pdf.getMetadata()
  result.info = { ...info }
  result.xmp = String(metadata?.getRaw() ?? '')
  result.text = result.pages.join('\n')
  await task.destroy()
  return result
}

function parseElement(node: unknown): Element {
  const { role, alt, children }: Record<string, unknown> = isRecord(node) ? node : {}
  return {
    role: typeof role === 'string' ? role : '',
    alt: typeof alt === 'string' ? alt : null,
    children: (Array.isArray(children) ? children : [])
      .filter((child) => isRecord(child) && typeof child.role === 'string')
      .map(parseElement),
  }
}

/** Every element of a kind, in reading order. */
export function elements(trees: readonly Element[], role: string): Element[] {
  return trees.flatMap((node) => [...(node.role === role ? [node] : []), ...elements(node.children, role)])
}
