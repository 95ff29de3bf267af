/** The part of pdf.js that tests use; its own types want a browser's. */

export interface StructTreeNode {
  role?: string
  alt?: string
  type?: string
  id?: string
  children?: StructTreeNode[]
}

interface OutlineItem {
  title: string
  dest: unknown
  items: OutlineItem[]
}

interface Page {
  getTextContent(): Promise<{ items: { str: string; hasEOL: boolean }[] }>
  getStructTree(): Promise<StructTreeNode>
  getAnnotations(): Promise<{ subtype: string; url?: string; dest?: unknown }[]>
}

interface Document {
  numPages: number
  getPage(number: number): Promise<Page>
  getDestination(name: string): Promise<unknown>
  getPageIndex(reference: unknown): Promise<number>
  getOutline(): Promise<OutlineItem[] | null>
  getMetadata(): Promise<{ info: Record<string, unknown>; metadata: { getRaw(): string } | null }>
}

export function getDocument(options: {
  data: Uint8Array
  verbosity: number
  useSystemFonts: boolean
  isEvalSupported: boolean
}): { promise: Promise<Document>; destroy(): Promise<void> }
