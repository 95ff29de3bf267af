/**
 * Reads the number of pages, the title and the presence of active content from a PDF. The file is searched as text and
 * never run or rendered. Objects are found by their headers, also in compressed object streams, which are unpacked up
 * to a limit. Of several definitions of an object the last one counts, as after an incremental update.
 */

import { sanitizeText } from '../../../functions-shared/sanitize.ts'
import { inflate } from './inflate.ts'

export interface PdfFacts {
  /** Undefined when the file has no page tree. The file may state a wrong number. */
  pages?: number
  title?: string
  /** True for a PDF with scripts, embedded files or actions that start programs. */
  active?: true
}

/** The most bytes that are unpacked of one PDF, and of one of its streams. */
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024
const MAX_STREAM_BYTES = 2 * 1024 * 1024
/** Most objects read from one object stream. PDF writers put one or two hundred into each. */
const MAX_PACKED = 10_000
/** Most objects kept in memory: catalogues, nodes of page trees, strings. */
const MAX_REMEMBERED = 20_000
/** Most characters read of one object: dictionaries are short. */
const MAX_DICTIONARY = 16 * 1024
const MAX_PAGES = 1_000_000
const MAX_TITLE = 200

/** Never throws: an unreadable PDF has no facts, and its document is kept. */
export async function readPdf(bytes: Uint8Array<ArrayBuffer>): Promise<PdfFacts> {
  const { root, info, encrypted } = readTrailers(bytes)
  const objects: Objects = new Map()
  let active = false
  for await (const { number, text } of objectsOf(bytes, encrypted)) {
    active ||= isActive(text)
    const wanted = number === root || number === info || /\/Pages\b/.test(text) || isString(text)
    if (wanted && (objects.size < MAX_REMEMBERED || objects.has(number))) objects.set(number, text)
  }
  const pages = countPages(objects, root)
  const title = encrypted ? undefined : readTitle(objects.get(info ?? -1) ?? '', objects)
  return {
    ...(pages === undefined ? {} : { pages }),
    ...(title === undefined ? {} : { title }),
    ...(active ? { active } : {}),
  }
}

/** Dictionaries by object number; of several definitions the last one. */
type Objects = Map<number, string>

interface PdfObject {
  number: number
  /** The dictionary, cut at {@link MAX_DICTIONARY}; without the stream's data. */
  text: string
}

const PIECE = 8 * 1024

/** One character for each byte. TextDecoder cannot do this: its latin1 is windows-1252. */
function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE) {
    text += Reflect.apply(String.fromCharCode, null, bytes.subarray(at, at + PIECE))
  }
  return text
}

/** Offsets of the word. The file is searched as bytes, because as text it would be several times its size. */
function* placesOf(word: string, bytes: Uint8Array, from = 0): Generator<number> {
  const codes = Array.from(word, (character) => character.charCodeAt(0))
  const [first = 0] = codes
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (codes.every((code, index) => bytes[at + index] === code)) yield at
  }
}

interface Trailers {
  root?: number
  info?: number
  encrypted: boolean
}

/** A trailer, or the dictionary of a cross-reference stream; neither is compressed. The last one counts. */
function readTrailers(bytes: Uint8Array): Trailers {
  const root = lastReference('/Root', bytes)
  const info = lastReference('/Info', bytes)
  return {
    ...(root === undefined ? {} : { root }),
    ...(info === undefined ? {} : { info }),
    encrypted: !placesOf('/Encrypt', bytes).next().done,
  }
}

function lastReference(name: string, bytes: Uint8Array): number | undefined {
  let last: number | undefined
  for (const at of placesOf(name, bytes)) last = reference(name, latin1(bytes.subarray(at, at + 40))) ?? last
  return last
}

/** The number of the object that an entry refers to. */
function reference(name: string, text: string): number | undefined {
  return integer(new RegExp(`${name}\\s+(\\d{1,10})\\s+\\d{1,5}\\s+R\\b`).exec(text)?.[1])
}

/** Uncompressed objects, then the objects of compressed streams. Encrypted streams are skipped. */
async function* objectsOf(bytes: Uint8Array<ArrayBuffer>, encrypted: boolean): AsyncGenerator<PdfObject> {
  const streams: PlainObject[] = []
  for (const object of plainObjects(bytes)) {
    yield object
    if (!encrypted && isObjectStream(object.text) && streams.length < MAX_REMEMBERED) streams.push(object)
  }
  let roomLeft = MAX_UNPACKED_BYTES
  // Streams do not overlap, so all of them together cannot be longer than the file. Reading stops beyond that.
  let bytesLeft = bytes.length
  for (const { text, end } of streams) {
    const start = end + (STREAM.exec(latin1(bytes.subarray(end, end + 8)))?.[0].length ?? 0)
    const { value: stop = -1 } = placesOf('endstream', bytes, start).next()
    bytesLeft -= stop - start
    if (stop < 0 || bytesLeft < 0 || roomLeft <= 0) return
    const content = await inflate(withoutLineEnd(bytes.subarray(start, stop)), MAX_STREAM_BYTES)
    // A broken or too large stream has no objects, but counts as much as the largest stream.
    roomLeft -= content?.length ?? MAX_STREAM_BYTES
    if (content !== null) yield* packedObjects(latin1(content), text)
  }
}

interface PlainObject extends PdfObject {
  /** Offset of the dictionary's end, where the keyword `stream` may follow. */
  end: number
}

function* plainObjects(bytes: Uint8Array): Generator<PlainObject> {
  for (const at of placesOf('obj', bytes)) {
    const header = HEADER.exec(latin1(bytes.subarray(Math.max(0, at - LONGEST_HEADER), at)))
    if (header === null) continue
    const end = dictionaryEnd(bytes, at + 3)
    yield { number: Number(header[1]), text: latin1(bytes.subarray(at + 3, end)), end }
  }
}

/** Object number and generation before the keyword `obj`. */
const HEADER = /(?<!\d)(\d{1,10})\s{1,4}\d{1,5}\s{1,4}$/
const LONGEST_HEADER = 24

const [LETTER_E, LETTER_O, LETTER_S] = [0x65, 0x6f, 0x73]

/** Offset of `endobj`, `stream` or the next `obj`. Dictionaries thus never overlap, and each byte is read once. */
function dictionaryEnd(bytes: Uint8Array, start: number): number {
  const stop = Math.min(bytes.length, start + MAX_DICTIONARY)
  for (let at = start; at < stop; at += 1) {
    const byte = bytes[at]
    if (byte !== LETTER_E && byte !== LETTER_O && byte !== LETTER_S) continue
    if (/^(?:endobj|obj|stream)/.test(latin1(bytes.subarray(at, at + 6)))) return at
  }
  return stop
}

function isObjectStream(text: string): boolean {
  return /\/Type\s*\/ObjStm\b/.test(text) && /\/FlateDecode\b/.test(text)
}

const STREAM = /^stream\r?\n/

/** The line break before `endstream` is not part of the data; the decompressor would throw on it. */
function withoutLineEnd(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let end = data.length
  while (end > 0 && [0x0a, 0x0d, 0x20].includes(data[end - 1] ?? 0)) end -= 1
  return data.subarray(0, end)
}

/** An object stream begins with pairs of number and offset; the objects follow at `/First`. */
function* packedObjects(content: string, head: string): Generator<PdfObject> {
  const first = integer(/\/First\s+(\d{1,9})/.exec(head)?.[1])
  const count = integer(/\/N\s+(\d{1,6})/.exec(head)?.[1])
  if (first === undefined || count === undefined) return
  const pairs = content
    .slice(0, first)
    .trim()
    .split(/\s+/, Math.min(count, MAX_PACKED) * 2)
  const numbers = pairs.map(Number)
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    const start = first + (numbers[index + 1] ?? 0)
    const next = first + (numbers[index + 3] ?? content.length)
    yield { number: numbers[index] ?? 0, text: content.slice(start, Math.min(next, start + MAX_DICTIONARY)) }
  }
}

/** Follows trailer ─▶ catalogue ─▶ root of the page tree ─▶ `/Count`. */
function countPages(objects: Objects, root: number | undefined): number | undefined {
  const catalogue = objects.get(root ?? -1) ?? ''
  const tree = objects.get(reference('/Pages', catalogue) ?? -1) ?? ''
  const count = integer(/\/Count\s+(\d{1,9})\b/.exec(tree)?.[1])
  return count !== undefined && count <= MAX_PAGES ? count : undefined
}

function integer(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits)
}

/** Whether the object is a string. Some PDF writers put the title into an object of its own. */
function isString(text: string): boolean {
  return /^\s*(?:\(|<(?!<))/.test(text)
}

function readTitle(info: string, objects: Objects): string | undefined {
  const elsewhere = reference('/Title', info)
  const entry = elsewhere === undefined ? info : `/Title ${objects.get(elsewhere) ?? ''}`
  const [, hex, literal] =
    /\/Title\s*(?:<([0-9A-Fa-f\s]*)>|\(((?:[^()\\]|\\[\s\S]){0,2000})\))/.exec(entry) ?? []
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

/** UTF-16 or UTF-8 by the byte order mark; else PDFDocEncoding, whose letters are those of Latin-1. */
function decodeText(raw: string): string {
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0))
  if (raw.startsWith('\u00fe\u00ff')) return new TextDecoder('utf-16be').decode(bytes)
  if (raw.startsWith('\u00ff\u00fe')) return new TextDecoder('utf-16le').decode(bytes)
  return raw.startsWith('\u00ef\u00bb\u00bf') ? new TextDecoder().decode(bytes) : raw
}

/** Characters of a name may be written in hex: `/J#61vaScript`. */
function isActive(text: string): boolean {
  const spelled = text.includes('#')
    ? text.replace(/#([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text
  return /\/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia)\b/.test(spelled)
}
