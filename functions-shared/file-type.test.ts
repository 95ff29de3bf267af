import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { detectFileType, isAudioType, isImageType, storedAs } from './file-type.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)
const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0))
const utf16 = (value: string) =>
  Uint8Array.from(`\u00ff\u00fe${value.replace(/./g, '$&\u0000')}`, (c) => c.charCodeAt(0))
const ftyp = (...brands: string[]) =>
  text(
    `\0\0\0${String.fromCharCode(12 + brands.length * 4)}ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`,
  )

describe('images', () => {
  test.each([
    ['jpeg', bytes(0xff, 0xd8, 0xff, 0xe0)],
    ['png', bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
    ['webp', text('RIFF\x10\0\0\0WEBPVP8 ')],
    ['heic', ftyp('heic', 'mif1')],
    ['heic', ftyp('mif1', 'miaf', 'heic')],
  ] as const)('%s', (type, file) => {
    expect(detectFileType(file)).toBe(type)
    expect(isImageType(type)).toBe(true)
  })
})

/** One frame of silence: MPEG 1 layer III, 128 kbit/s, 44.1 kHz. */
const mp3Frame = () => {
  const frame = new Uint8Array(417)
  frame.set([0xff, 0xfb, 0x90, 0x00])
  return frame
}
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

describe('audio', () => {
  test.each([
    ['wav', text('RIFF\x10\0\0\0WAVEfmt ')],
    ['mp3', text('ID3\x04\0\0')],
    ['mp3', join(mp3Frame(), mp3Frame())],
    ['mp3', mp3Frame().slice(0, 200)],
    ['m4a', ftyp('M4A ', 'mp42', 'isom')],
    ['mp4', ftyp('isom', 'mp42')],
    ['mp4', ftyp('3gp4', '3gp4')],
    ['mov', ftyp('qt  ')],
    ['ogg', text('OggS\0\x02')],
    ['webm', text('\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm')],
    ['flac', text('fLaC\0\0\0\x22')],
    ['amr', text('#!AMR\n\x3c')],
    ['amr', text('#!AMR-WB\n\x3c')],
    ['caf', text('caff\0\x01\0\0desc')],
  ] as const)('%s', (type, file) => {
    expect(detectFileType(file)).toBe(type)
    expect([isAudioType(type), isImageType(type)]).toEqual([true, false])
  })

  test('bytes that only look like the start of an MP3 frame are not recognised', () => {
    expect(detectFileType(join(mp3Frame(), text('not a frame')))).toBe('unknown')
  })
})

test('a PDF is recognised', () => {
  expect(detectFileType(text('%PDF-1.7'))).toBe('pdf')
})

test('a type that a browser might run is stored as bytes', () => {
  expect(storedAs('jpeg')).toEqual({ contentType: 'image/jpeg', extension: 'jpg' })
  expect(storedAs('ogg').contentType).toBe('audio/ogg')
  expect(storedAs('pdf').contentType).toBe('application/pdf')
  for (const type of ['svg', 'html', 'unknown'] as const) {
    expect(storedAs(type)).toEqual({ contentType: 'application/octet-stream', extension: 'bin' })
  }
})

describe('refused by name', () => {
  test.each([
    ['svg', text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['svg', text('\u00ef\u00bb\u00bf  <?xml version="1.0"?>\n<!-- a -->\n<svg onload="x()">')],
    ['svg', text('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"><svg/>')],
    ['svg', text('<SVG:svg xmlns:SVG="http://www.w3.org/2000/svg">')],
    ['svg', utf16('<svg><script>1</script></svg>')],
    ['html', text('<!doctype html><title>x</title>')],
    ['html', text('\n\n<HTML><body>Sign in</body></HTML>')],
    ['html', text('<!-- moved --><script>location="/"</script>')],
    ['html', utf16('<html>')],
  ] as const)('%s', (type, file) => {
    expect(detectFileType(file)).toBe(type)
    expect(isImageType(type)).toBe(false)
  })
})

describe('unknown', () => {
  test.each([
    ['nothing', bytes()],
    ['a GIF', text('GIF89a')],
    ['AVIF', ftyp('avif', 'mif1')],
    ['HEIF without HEVC', ftyp('mif1', 'avif')],
    ['Matroska', text('\x1a\x45\xdf\xa3\x42\x82\x88matroska')],
    ['RIFF of another kind', text('RIFF\x10\0\0\0AVI ')],
    ['UTF-16', utf16('some words')],
    ['the beginning of a JPEG', bytes(0xff, 0xd8)],
    ['XML', text('<?xml version="1.0"?><note/>')],
    ['words', text('svg html')],
  ])('%s', (_, file) => {
    expect(detectFileType(file)).toBe('unknown')
  })
})

test('detection never throws, for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (file) => typeof detectFileType(file) === 'string'),
  )
})
