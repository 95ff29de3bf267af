/**
 * What a file is, judged by its first bytes. Names, extensions and `Content-Type` headers are claims of a
 * stranger and are not asked.
 */

export const IMAGE_TYPES = {
  jpeg: { contentType: 'image/jpeg', extension: 'jpg' },
  png: { contentType: 'image/png', extension: 'png' },
  webp: { contentType: 'image/webp', extension: 'webp' },
  heic: { contentType: 'image/heic', extension: 'heic' },
} as const

export type ImageType = keyof typeof IMAGE_TYPES

/** `svg` and `html` are recognised only to be refused by name: both can carry scripts. */
export type FileType = ImageType | 'svg' | 'html' | 'unknown'

const JPEG = [0xff, 0xd8, 0xff]
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
/** Brands of still HEVC pictures; `avif` and the video brands are not among them. */
const HEIC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'mif1', 'msf1']
const HEVC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx']
const TEXT_WINDOW = 4096

/** @param bytes the file, or at least its first 4096 bytes. */
export function detectFileType(bytes: Uint8Array): FileType {
  if (startsWith(bytes, JPEG)) return 'jpeg'
  if (startsWith(bytes, PNG)) return 'png'
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp'
  if (ascii(bytes, 4, 8) === 'ftyp') return isHeic(bytes) ? 'heic' : 'unknown'
  return detectMarkup(bytes)
}

export function isImageType(type: FileType): type is ImageType {
  return Object.hasOwn(IMAGE_TYPES, type)
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}

/** `mif1` and `msf1` say only "a picture in HEIF": one of the compatible brands must then name HEVC. */
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
  // What may come before the root element: XML declaration, comments, a doctype.
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

/** The beginning as text, whether it is in an ASCII-compatible encoding or in UTF-16. */
function readText(bytes: Uint8Array): string {
  const head = bytes.subarray(0, TEXT_WINDOW)
  return Array.from(head, (byte) => String.fromCharCode(byte))
    .join('')
    .replaceAll('\u0000', '')
    .replace(/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/, '')
    .trimStart()
}
