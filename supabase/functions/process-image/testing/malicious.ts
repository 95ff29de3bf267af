/** Small malicious files for tests, each with the expected outcome of its job. */

import { MagickFormat } from '@imagemagick/magick-wasm'
import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import { concat } from '../../_shared/std.ts'
import {
  ascii,
  deflate,
  greedyTiff,
  jpegSegment,
  PNG_SIGNATURE,
  pngChunk,
  riffChunk,
  uint32,
  vp8x,
  webp,
  withJpegSegments,
  withPngChunks,
  zlibBomb,
} from './containers.ts'
import { drawQuadrants } from './images.ts'

type Bytes = Uint8Array<ArrayBuffer>

export interface MaliciousFile {
  name: string
  bytes: Bytes
  /** Kind of the document. Default: photo. */
  kind?: 'photo' | 'attachment'
  /** Error code of the failed job, or `preview` of its result. */
  end: ErrorCode | 'available' | 'none'
  contentType: string
}

export const SCRIPT = '<script>alert(document.domain)</script>'
const BINARY = 'application/octet-stream'
const BOMB_MB = 256

const small = { width: 64, height: 48 }

/** Load ImageMagick before the call. */
export async function maliciousFiles(): Promise<MaliciousFile[]> {
  const jpeg = drawQuadrants(MagickFormat.Jpeg, small)
  const png = drawQuadrants(MagickFormat.Png, small)
  const bomb = await zlibBomb(BOMB_MB)
  const archive = zip(bomb)
  const named = (name: string) => concat([ascii(`${name}\0\0`), bomb])
  const heic = await Deno.readFile(new URL('../testdata/quadrants.heic', import.meta.url))
  return [
    image(
      'a PNG of 900 megapixels',
      pngOf(30_000, 30_000, await deflate(new Uint8Array(10))),
      'image_too_large',
    ),
    image(
      'a PNG of 1 x 1,000,000',
      pngOf(1, 1_000_000, await deflate(new Uint8Array(2_000_000))),
      'image_too_large',
    ),
    image(
      'a PNG of 1,000,000 x 1',
      pngOf(1_000_000, 1, await deflate(new Uint8Array(1_000_001))),
      'image_too_large',
    ),
    image('a PNG with more rows than it says', pngOf(8, 8, bomb), 'image_too_complex'),
    image(
      'a PNG with a text that unpacks to 256 MB',
      withPngChunks(png, pngChunk('zTXt', named('Comment'))),
      'available',
    ),
    image(
      'a PNG with a profile that unpacks to 256 MB',
      withPngChunks(png, pngChunk('iCCP', named('p'))),
      'available',
    ),
    image(
      'a PNG with an international text that unpacks to 256 MB',
      withPngChunks(png, pngChunk('iTXt', concat([ascii('Comment\0\u0001\0\0\0'), bomb]))),
      'available',
    ),
    image(
      'a PNG whose metadata claim megabytes again and again',
      withPngChunks(png, pngChunk('eXIf', greedyTiff([0x010f, 0x0110, 0x0131, 0x013b, 0x8298], 4_000_000))),
      'available',
    ),
    image(
      'a JPEG of 24 megapixels in 1,000 passes',
      manyScans(6000, 4000, 1000),
      'image_too_complex',
      'image/jpeg',
    ),
    image('a JPEG as high as JPEGs get', sized(jpeg, 8, 65_500), 'image_too_large', 'image/jpeg'),
    image('a WebP of 500 large frames', animatedWebp(1500, 500), 'available', 'image/webp'),
    image('a HEIC that claims 4 gigapixels', inflatedHeic(heic), 'image_too_large', 'image/heic'),
    image(
      'a JPEG that is a web page, too',
      concat([
        withJpegSegments(jpeg, jpegSegment(0xfe, ascii(`<!doctype html>${SCRIPT}<!--`))),
        ascii(SCRIPT),
      ]),
      'available',
      'image/jpeg',
    ),
    image('a JPEG that is an archive, too', concat([jpeg, archive]), 'available', 'image/jpeg'),
    image(
      'a JPEG that is a PDF, too',
      withJpegSegments(jpeg, jpegSegment(0xfe, ascii(`%PDF-1.7\n${activePdf()}`))),
      'available',
      'image/jpeg',
    ),
    image('a PDF that is a JPEG, too', concat([ascii(activePdf()), jpeg]), 'not_an_image', 'application/pdf'),
    image(
      'a GIF that is a script, too',
      ascii(`GIF89a/*${'\0'.repeat(20)}*/=1;alert(1)`),
      'not_an_image',
      BINARY,
    ),
    image('an SVG with an external entity', ascii(xxe()), 'svg_not_allowed', BINARY),
    image('an archive under the name of a photo', archive, 'not_an_image', BINARY),
    file('an archive that unpacks to 256 MB', archive, BINARY),
    file('an SVG that is attached', ascii(xxe()), BINARY),
    file('a web page that is attached', ascii(`<!doctype html>${SCRIPT}`), BINARY),
    file('a PDF with scripts', ascii(activePdf()), 'application/pdf'),
    file('a PDF with objects that unpack to 256 MB', pdfBomb(bomb, 40), 'application/pdf'),
    file(
      'a PDF of 500,000 empty objects',
      ascii(`%PDF-1.7\n${'1 0 obj<<>>'.repeat(500_000)}`),
      'application/pdf',
    ),
    file(
      'a picture of 900 megapixels that is attached',
      pngOf(30_000, 30_000, new Uint8Array(9)),
      'image/png',
    ),
  ]
}

function image(
  name: string,
  bytes: Bytes,
  end: MaliciousFile['end'],
  contentType = 'image/png',
): MaliciousFile {
  return { name, bytes, end, contentType }
}

function file(name: string, bytes: Bytes, contentType: string): MaliciousFile {
  return { name, bytes, kind: 'attachment', end: 'none', contentType }
}

/** A gray PNG with one bit for each pixel. */
function pngOf(width: number, height: number, data: Uint8Array): Bytes {
  const header = concat([uint32(width), uint32(height), Uint8Array.of(1, 0, 0, 0, 0)])
  return concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('IDAT', data),
    pngChunk('IEND', new Uint8Array()),
  ])
}

/** A JPEG whose frame header has another size; a decoder would fill the missing pixels. */
function sized(jpeg: Bytes, width: number, height: number): Bytes {
  const sized = jpeg.slice()
  const sof = sized.findIndex((byte, at) => byte === 0xff && [0xc0, 0xc2].includes(sized[at + 1] ?? 0))
  new DataView(sized.buffer).setUint16(sof + 5, height)
  new DataView(sized.buffer).setUint16(sof + 7, width)
  return sized
}

/** A progressive JPEG that repeats its last scan. */
function manyScans(width: number, height: number, scans: number): Bytes {
  const jpeg = drawQuadrants(MagickFormat.Jpeg, { ...small, interlaced: true })
  const lastScan = jpeg.findLastIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xda)
  const end = jpeg.length - 2
  const scan = jpeg.subarray(lastScan, end)
  const copies = Array.from({ length: scans }, () => scan)
  return sized(concat([jpeg.subarray(0, end), ...copies, jpeg.subarray(end)]), width, height)
}

function animatedWebp(side: number, frames: number): Bytes {
  const still = drawQuadrants(MagickFormat.WebP, { width: side, height: side })
  const picture = still.subarray(12)
  const size = uint32(side - 1)
    .reverse()
    .subarray(0, 3)
  const frame = riffChunk(
    'ANMF',
    concat([new Uint8Array(6), size, size, Uint8Array.of(10, 0, 0, 0), picture]),
  )
  const copies = Array.from({ length: frames }, () => frame)
  return webp(vp8x(0b10, side, side), riffChunk('ANIM', new Uint8Array(6)), ...copies)
}

/** `ispe` is the box with the picture's size. */
function inflatedHeic(heic: Bytes): Bytes {
  const inflated = heic.slice()
  const view = new DataView(inflated.buffer)
  for (let at = 4; at + 16 < inflated.length; at += 1) {
    if (view.getUint32(at) !== 0x69737065) continue
    view.setUint32(at + 8, 65_535)
    view.setUint32(at + 12, 65_535)
  }
  return inflated
}

/** A ZIP file with one entry, whose data are the bomb. */
function zip(bomb: Bytes): Bytes {
  const name = ascii('../../../etc/cron.d/x')
  const header = new Uint8Array(30)
  header.set([0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0])
  header.set([name.length], 26)
  return concat([header, name, bomb.subarray(2)])
}

function activePdf(): string {
  return [
    '%PDF-1.7',
    '1 0 obj <</Type/Catalog/Pages 2 0 R/OpenAction<</S/J#61vaScript/JS(app.alert\\(1\\))>>>> endobj',
    '2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj',
    '3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>> endobj',
    'trailer <</Root 1 0 R>>',
    '%%EOF',
  ].join('\n')
}

function pdfBomb(bomb: Bytes, copies: number): Bytes {
  const stream = concat([
    ascii('<</Type/ObjStm/N 100000/First 500000/Filter/FlateDecode>>stream\n'),
    bomb,
    ascii('\nendstream endobj\n'),
  ])
  const parts = Array.from({ length: copies }, (_, index) => [ascii(`${index + 1} 0 obj `), stream])
  return concat([ascii('%PDF-1.7\n'), ...parts.flat(), ascii('trailer <</Root 1 0 R>>')])
}

function xxe(): string {
  return `<?xml version="1.0"?>
<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y SYSTEM "http://169.254.169.254/latest/meta-data/">]>
<svg xmlns="http://www.w3.org/2000/svg"><text>&x;&y;</text><image href="http://127.0.0.1/"/>${SCRIPT}</svg>`
}
