/**
 * What a PDF says of itself: pages, title, and whether it may act on its own. It is read as text and never run or
 * rendered. Objects are found by their headers, also in compressed object streams, which are unpacked up to a
 * limit; of several definitions the last counts, as after an incremental update.
 */

import { sanitizeText } from '../../../functions-shared/sanitize.ts'
import { inflate } from './inflate.ts'

export interface PdfFacts {
  /** Where the file tells; what it tells is a claim. */
  pages?: number
  title?: string
  /** It holds scripts, starts programs or carries other files. */
  active?: true
}

/** Bytes that are unpacked of one PDF at most, and of one of its streams. */
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024
const MAX_STREAM_BYTES = 8 * 1024 * 1024
const MAX_OBJECTS = 200_000
/** Characters of an object that are looked at: dictionaries are short. */
const MAX_DICTIONARY = 16 * 1024
const MAX_PAGES = 1_000_000
const MAX_TITLE = 200

/** Never throws: a PDF that cannot be read is kept all the same. */
export async function readPdf(bytes: Uint8Array<ArrayBuffer>): Promise<PdfFacts> {
  // One character a byte.
  const file = new TextDecoder('latin1').decode(bytes)
  const plain = findObjects(file)
  const encrypted = /\/Encrypt\b/.test(file)
  // What is encrypted cannot be unpacked.
  const packed = encrypted ? [] : await unpackObjects(file, bytes, plain)
  const objects: Objects = new Map([...plain, ...packed].map(({ number, text }) => [number, text]))
  const pages = countPages(file, objects)
  const title = encrypted ? undefined : readTitle(file, objects)
  const active = [...plain, ...packed].some(({ text }) => isActive(text))
  return {
    ...(pages === undefined ? {} : { pages }),
    ...(title === undefined ? {} : { title }),
    ...(active ? { active } : {}),
  }
}

interface PdfObject {
  number: number
  /** Its dictionary, or the beginning of a long one; no stream. */
  text: string
  /** Where its stream's keyword would be in the file. */
  end: number
}

/** Dictionaries by number; of several definitions the last. */
type Objects = ReadonlyMap<number, string>

/** Objects end where the next one begins, so looking at all of them is looking once at the file. */
function findObjects(file: string): PdfObject[] {
  const headers: { number: number; start: number; behind: number }[] = []
  for (const match of file.matchAll(/(?<!\d)(\d{1,10})\s{1,4}\d{1,5}\s{1,4}obj\b/g)) {
    headers.push({ number: Number(match[1]), start: match.index, behind: match.index + match[0].length })
    if (headers.length >= MAX_OBJECTS) break
  }
  return headers.map(({ number, behind }, index) => {
    const next = headers[index + 1]?.start ?? file.length
    const text = dictionary(file.slice(behind, Math.min(next, behind + MAX_DICTIONARY)))
    return { number, text, end: behind + text.length }
  })
}

/** The part of an object before its end and before its stream. */
function dictionary(text: string): string {
  const end = /endobj|\bstream\b/.exec(text)?.index
  return end === undefined ? text : text.slice(0, end)
}

const OBJECT_STREAM = /\/Type\s*\/ObjStm\b/
const STREAM = /^stream\r?\n/

async function unpackObjects(
  file: string,
  bytes: Uint8Array<ArrayBuffer>,
  plain: readonly PdfObject[],
): Promise<PdfObject[]> {
  const unpacked: PdfObject[] = []
  let roomLeft = MAX_UNPACKED_BYTES
  // Streams lie one behind the other: more than the file has, nobody need look at.
  let bytesLeft = bytes.length
  for (const { text, end } of plain) {
    if (!OBJECT_STREAM.test(text) || !/\/FlateDecode\b/.test(text)) continue
    const start = end + (STREAM.exec(file.slice(end, end + 8))?.[0].length ?? 0)
    const stop = file.indexOf('endstream', start)
    if (stop < 0) break
    bytesLeft -= stop - start
    if (bytesLeft < 0 || roomLeft <= 0) break
    const content = await inflate(
      withoutLineEnd(bytes.subarray(start, stop)),
      Math.min(roomLeft, MAX_STREAM_BYTES),
    )
    if (content === null) {
      // Broken, or more than an object stream has.
      roomLeft -= MAX_STREAM_BYTES
      continue
    }
    roomLeft -= content.length
    unpacked.push(...splitObjects(new TextDecoder('latin1').decode(content), text))
    if (unpacked.length >= MAX_OBJECTS) break
  }
  return unpacked
}

/** The line break before `endstream` is no part of the data, and the decompressor would take offence at it. */
function withoutLineEnd(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let end = data.length
  while (end > 0 && [0x0a, 0x0d, 0x20].includes(data[end - 1] ?? 0)) end -= 1
  return data.subarray(0, end)
}

/** An object stream begins with pairs of number and offset; the objects follow at `/First`. */
function splitObjects(content: string, head: string): PdfObject[] {
  const first = integer(/\/First\s+(\d{1,9})/.exec(head)?.[1])
  const count = integer(/\/N\s+(\d{1,6})/.exec(head)?.[1])
  if (first === undefined || count === undefined) return []
  const pairs = content
    .slice(0, first)
    .trim()
    .split(/\s+/, count * 2)
  const numbers = pairs.map(Number)
  const objects: PdfObject[] = []
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    const start = first + (numbers[index + 1] ?? 0)
    const next = first + (numbers[index + 3] ?? content.length)
    const text = content.slice(start, Math.min(next, start + MAX_DICTIONARY))
    objects.push({ number: numbers[index] ?? 0, text, end: 0 })
  }
  return objects
}

/** Trailer ─▶ catalogue ─▶ root of the page tree ─▶ its count. */
function countPages(file: string, objects: Objects): number | undefined {
  const catalogue = objects.get(lastReference(file, 'Root') ?? -1) ?? ''
  const tree = objects.get(lastReference(catalogue, 'Pages') ?? -1) ?? ''
  const count = integer(/\/Count\s+(\d{1,9})\b/.exec(tree)?.[1])
  return count !== undefined && count <= MAX_PAGES ? count : undefined
}

function lastReference(text: string, name: string): number | undefined {
  let last: string | undefined
  for (const match of text.matchAll(new RegExp(`/${name}\\s+(\\d{1,10})\\s+\\d{1,5}\\s+R\\b`, 'g'))) {
    last = match[1]
  }
  return integer(last)
}

function integer(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits)
}

function readTitle(file: string, objects: Objects): string | undefined {
  const info = objects.get(lastReference(file, 'Info') ?? -1) ?? ''
  const [, hex, literal] =
    /\/Title\s*(?:<([0-9A-Fa-f\s]*)>|\(((?:[^()\\]|\\[\s\S]){0,2000})\))/.exec(info) ?? []
  const raw = hex !== undefined ? fromHex(hex) : literal !== undefined ? unescapeLiteral(literal) : ''
  const clean = sanitizeText(decodeText(raw), { maxLength: MAX_TITLE })
  return clean === '' ? undefined : clean
}

function fromHex(hex: string): string {
  return hex
    .replace(/\s/g, '')
    .replace(/..?/g, (pair) => String.fromCharCode(Number.parseInt(pair.padEnd(2, '0'), 16)))
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

function unescapeLiteral(literal: string): string {
  return literal.replace(/\\(?:([0-7]{1,3})|(\r?\n)|([\s\S]))/g, (_, octal, lineBreak, character) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    return lineBreak !== undefined ? '' : (ESCAPES[character] ?? character)
  })
}

/** UTF-16 or UTF-8 by its mark; else PDFDocEncoding, which is Latin-1 where it matters. */
function decodeText(raw: string): string {
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0))
  if (raw.startsWith('\u00fe\u00ff')) return new TextDecoder('utf-16be').decode(bytes)
  if (raw.startsWith('\u00ff\u00fe')) return new TextDecoder('utf-16le').decode(bytes)
  return raw.startsWith('\u00ef\u00bb\u00bf') ? new TextDecoder().decode(bytes) : raw
}

/** Names may be spelled with hex: `/J#61vaScript`. */
function isActive(text: string): boolean {
  const spelled = text.includes('#')
    ? text.replace(/#([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text
  return /\/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia)\b/.test(spelled)
}
