/**
 * Detects a file's type by its first bytes. Names, extensions and `Content-Type` headers come from the uploader and are
 * ignored.
 */

import { readMp3Frame } from './audio/mp3-frame.ts'

export const IMAGE_TYPES = {
  jpeg: { contentType: 'image/jpeg', extension: 'jpg' },
  png: { contentType: 'image/png', extension: 'png' },
  webp: { contentType: 'image/webp', extension: 'webp' },
  heic: { contentType: 'image/heic', extension: 'heic' },
} as const

export type ImageType = keyof typeof IMAGE_TYPES

/** Containers of voice notes. `mp4`, `mov` and `webm` may also hold a film: the container alone does not decide. */
export const AUDIO_TYPES = {
  wav: { contentType: 'audio/wav', extension: 'wav' },
  mp3: { contentType: 'audio/mpeg', extension: 'mp3' },
  m4a: { contentType: 'audio/mp4', extension: 'm4a' },
  mp4: { contentType: 'video/mp4', extension: 'mp4' },
  mov: { contentType: 'video/quicktime', extension: 'mov' },
  ogg: { contentType: 'audio/ogg', extension: 'ogg' },
  webm: { contentType: 'audio/webm', extension: 'webm' },
  flac: { contentType: 'audio/flac', extension: 'flac' },
  amr: { contentType: 'audio/amr', extension: 'amr' },
  caf: { contentType: 'audio/x-caf', extension: 'caf' },
} as const

export type AudioType = keyof typeof AUDIO_TYPES

export const DOCUMENT_TYPES = {
  pdf: { contentType: 'application/pdf', extension: 'pdf' },
} as const

/** `svg` and `html` can carry scripts. They are recognised so that browsers never receive them under their own type. */
export type FileType = ImageType | AudioType | keyof typeof DOCUMENT_TYPES | 'svg' | 'html' | 'unknown'

/** Media type and extension under which a file is stored. */
export interface StoredAs {
  contentType: string
  extension: string
}

/** A media type that no browser runs or shows. */
const BINARY: StoredAs = { contentType: 'application/octet-stream', extension: 'bin' }

const JPEG = [0xff, 0xd8, 0xff]
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
/** Brands of still HEVC pictures, without `avif` and the video brands. */
const HEIC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'mif1', 'msf1']
const HEVC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx']
const TEXT_WINDOW = 4096

/** @param bytes the file, or at least its first 4096 bytes. */
export function detectFileType(bytes: Uint8Array): FileType {
  if (startsWith(bytes, JPEG)) return 'jpeg'
  if (startsWith(bytes, PNG)) return 'png'
  if (ascii(bytes, 0, 4) === 'RIFF') return RIFF_FORMS.get(ascii(bytes, 8, 12)) ?? 'unknown'
  if (ascii(bytes, 4, 8) === 'ftyp') return detectIsoMedia(bytes)
  if (isOlderQuickTime(bytes)) return 'mov'
  if (ascii(bytes, 0, 5) === '%PDF-') return 'pdf'
  return detectAudio(bytes) ?? detectMarkup(bytes)
}

export function isImageType(type: FileType): type is ImageType {
  return Object.hasOwn(IMAGE_TYPES, type)
}

export function isAudioType(type: FileType): type is AudioType {
  return Object.hasOwn(AUDIO_TYPES, type)
}

/** Media type and extension of the content; `application/octet-stream` unless the type is known to be harmless. */
export function storedAs(type: FileType): StoredAs {
  if (isImageType(type)) return IMAGE_TYPES[type]
  if (isAudioType(type)) return AUDIO_TYPES[type]
  return type === 'pdf' ? DOCUMENT_TYPES.pdf : BINARY
}

const RIFF_FORMS: ReadonlyMap<string, FileType> = new Map([
  ['WEBP', 'webp'],
  ['WAVE', 'wav'],
])

const M4A_BRANDS = ['M4A ', 'M4B ', 'F4A ', 'F4B ']
/** ISO base media files. Phones also record voice notes under the general brands. */
const MP4_BRAND = /^(?:iso[m2-9]|mp4[12]|avc1|M4V |F4V |dash|mmp4|MSNV|3g[pg2s].)$/

function detectIsoMedia(bytes: Uint8Array): FileType {
  if (isHeic(bytes)) return 'heic'
  const brand = ascii(bytes, 8, 12)
  if (M4A_BRANDS.includes(brand)) return 'm4a'
  if (brand === 'qt  ') return 'mov'
  return MP4_BRAND.test(brand) ? 'mp4' : 'unknown'
}

/** First boxes of QuickTime files without `ftyp`, which came later, and boxes that follow them. */
const QUICKTIME_FIRST = ['moov', 'mdat', 'wide', 'free', 'skip', 'pnot']

/** The names are weak evidence, so another box must follow where the first ends, if the bytes reach that far. */
function isOlderQuickTime(bytes: Uint8Array): boolean {
  if (!QUICKTIME_FIRST.includes(ascii(bytes, 4, 8))) return false
  const size = uint32(bytes, 0)
  if (size === 1 || size === 0) return true
  return size >= 8 && (bytes.length < size + 8 || /^[a-z0-9 ]{4}$/i.test(ascii(bytes, size + 4, size + 8)))
}

const EBML = [0x1a, 0x45, 0xdf, 0xa3]

function detectAudio(bytes: Uint8Array): AudioType | undefined {
  const magic = ascii(bytes, 0, 4)
  if (magic === 'OggS') return 'ogg'
  if (magic === 'fLaC') return 'flac'
  if (magic === 'caff') return 'caf'
  if (/^#!AMR(?:-WB)?\n/.test(ascii(bytes, 0, 9))) return 'amr'
  // Matroska has the same EBML header with another document type.
  if (startsWith(bytes, EBML)) return ascii(bytes, 4, 64).includes('webm') ? 'webm' : undefined
  return magic.startsWith('ID3') || startsWithMp3Frame(bytes) ? 'mp3' : undefined
}

/** Eleven set bits are weak evidence, so the next frame must follow where this one ends, if the file is that long. */
function startsWithMp3Frame(bytes: Uint8Array): boolean {
  const first = readMp3Frame(bytes, 0)
  if (first === null) return false
  return bytes.length < first.size + 4 || readMp3Frame(bytes, first.size) !== null
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}

/** `mif1` and `msf1` mean any picture in HEIF, so one of the compatible brands must name HEVC. */
function isHeic(bytes: Uint8Array): boolean {
  const boxEnd = Math.min(bytes.length, uint32(bytes, 0), 256)
  const major = ascii(bytes, 8, 12)
  if (!HEIC_BRANDS.includes(major)) return false
  if (HEVC_BRANDS.includes(major)) return true
  for (let at = 16; at + 4 <= boxEnd; at += 4) {
    if (HEVC_BRANDS.includes(ascii(bytes, at, at + 4))) return true
  }
  return false
}

function uint32(bytes: Uint8Array, at: number): number {
  return bytes.length < at + 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)
}

/** One character per byte; bytes beyond the end are left out. */
function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to))
}

function detectMarkup(bytes: Uint8Array): 'svg' | 'html' | 'unknown' {
  const text = readText(bytes)
  if (!text.startsWith('<')) return 'unknown'
  // Removes XML declaration, comments and doctype, which may precede the root element.
  const root = text
    .replace(/<\?[^>]*\?>|<!--[\s\S]*?-->/g, '')
    .trimStart()
    .toLowerCase()
  if (/^<!doctype\s+svg|^<(?:\w+:)?svg[\s>/]/.test(root)) return 'svg'
  if (/^<!doctype\s+html|^<(?:html|head|body|title|script|meta|div|p|iframe|table)[\s>/]/.test(root)) {
    return 'html'
  }
  return /<(?:\w+:)?svg[\s>/]/.test(root) ? 'svg' : 'unknown'
}

/** The beginning of the file as text, from an ASCII-compatible encoding or UTF-16. */
function readText(bytes: Uint8Array): string {
  const head = bytes.subarray(0, TEXT_WINDOW)
  return Array.from(head, (byte) => String.fromCharCode(byte))
    .join('')
    .replaceAll('\u0000', '')
    .replace(/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/, '')
    .trimStart()
}
