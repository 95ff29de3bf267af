/** A PDF as a reader sees it: its text, its structure, its outline and links. By pdf.js, which knows nothing of ours. */

// @ts-types="./pdfjs.d.ts"
import { getDocument, type StructTreeNode } from 'pdfjs-dist/legacy/build/pdf.mjs'

export interface ReadPdf {
  /** Text of each page. */
  pages: string[]
  text: string
  /** Structure trees of the pages. */
  trees: StructTreeNode[]
  /** Titles with the number of the page that each leads to, from 1; depth first. */
  outline: { title: string; page: number }[]
  /** Links of each page: the number of the page that each leads to, or the address. */
  links: (number | string)[][]
  info: Record<string, unknown>
  xmp: string
}

export async function readPdf(bytes: Uint8Array): Promise<ReadPdf> {
  const task = getDocument({
    data: bytes.slice(),
    verbosity: 0,
    useSystemFonts: false,
    isEvalSupported: false,
  })
  const pdf = await task.promise
  const pageOf = async (dest: unknown): Promise<number> => {
    const explicit = typeof dest === 'string' ? await pdf.getDestination(dest) : dest
    return Array.isArray(explicit) ? (await pdf.getPageIndex(explicit[0])) + 1 : 0
  }
  const result: ReadPdf = { pages: [], text: '', trees: [], outline: [], links: [], info: {}, xmp: '' }
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number)
    const { items } = await page.getTextContent()
    result.pages.push(items.map(({ str, hasEOL }) => (hasEOL ? `${str}\n` : str)).join(''))
    result.trees.push(await page.getStructTree())
    const annotations = await page.getAnnotations()
    result.links.push(
      await Promise.all(
        annotations
          .filter(({ subtype }) => subtype === 'Link')
          .map(({ url, dest }) => (url === undefined ? pageOf(dest) : url)),
      ),
    )
  }
  const walk = async (items: Awaited<ReturnType<typeof pdf.getOutline>>): Promise<void> => {
    for (const { title, dest, items: inner } of items ?? []) {
      result.outline.push({ title, page: await pageOf(dest) })
      await walk(inner)
    }
  }
  await walk(await pdf.getOutline())
  const { info, metadata } = await pdf.getMetadata()
  result.info = info
  result.xmp = metadata?.getRaw() ?? ''
  result.text = result.pages.join('\n')
  await task.destroy()
  return result
}

/** Every element of a kind, in reading order. */
export function elements(trees: readonly StructTreeNode[], role: string): StructTreeNode[] {
  return trees.flatMap((node): StructTreeNode[] => [
    ...(node.role === role ? [node] : []),
    ...elements(
      (node.children ?? []).filter((child) => child.role !== undefined),
      role,
    ),
  ])
}

export type { StructTreeNode }
