import { MagickFormat } from '@imagemagick/magick-wasm'
import type { ImageType } from '../../../functions-shared/file-type.ts'
import { concat } from '../_shared/std.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { assertThrowsCode } from '../_shared/testing/errors.ts'
import { endJpeg, readCompleteness } from './completeness.ts'
import { loadMagick } from './magick.ts'
import { makeDerivatives, readFacts } from './pipeline.ts'
import { decode, drawQuadrants, samplePhoto } from './testing/images.ts'

await loadMagick()

const size = { width: 400, height: 300 }
const FILES: readonly (readonly [string, ImageType, Uint8Array])[] = [
  ['a baseline JPEG', 'jpeg', drawQuadrants(MagickFormat.Jpeg, size)],
  ['a progressive JPEG', 'jpeg', drawQuadrants(MagickFormat.Jpeg, { ...size, interlaced: true })],
  ['a photo with EXIF', 'jpeg', await samplePhoto('front-damage')],
  ['a PNG', 'png', drawQuadrants(MagickFormat.Png, size)],
  ['a WebP', 'webp', drawQuadrants(MagickFormat.WebP, size)],
  ['a HEIC', 'heic', await Deno.readFile(new URL('./testdata/quadrants.heic', import.meta.url))],
]

const isWhole = (type: ImageType, bytes: Uint8Array) => readCompleteness(type, bytes) === 'whole'
/** As the work does it: an end is added, and the decoder judges. */
const derive = (jpeg: Uint8Array) => {
  const ended = endJpeg(jpeg)
  return makeDerivatives(ended, 'jpeg', readFacts(ended, 'jpeg'))
}

for (const [name, type, file] of FILES) {
  Deno.test(`${name} is complete, also with further bytes after its end`, () => {
    assertEquals(isWhole(type, file), true)
    // HEIC has no end of its own: what follows must be a box, which zeros are not.
    if (type !== 'heic') assertEquals(isWhole(type, concat([file, new Uint8Array(1000)])), true)
  })

  Deno.test(`${name} is incomplete when it is cut at any byte`, () => {
    const cuts = Array.from({ length: 60 }, (_, index) => Math.floor((file.length * (index + 1)) / 61))
    for (const cut of [4, 12, 20, ...cuts, file.length - 2, file.length - 1]) {
      assertEquals(isWhole(type, file.subarray(0, cut)), false, `cut at ${cut} of ${file.length}`)
    }
  })

  Deno.test(`${name} in a view of a larger buffer is complete, and incomplete when cut`, () => {
    const shifted = concat([new Uint8Array(7), file]).subarray(7)
    assertEquals(isWhole(type, shifted), true)
  })
}

for (const [name, type, file] of FILES) {
  if (type !== 'jpeg') continue
  const open = file.subarray(0, file.length - 2)
  const trailers: Record<string, Uint8Array> = {
    'nothing in its place': new Uint8Array(),
    'zeros in its place': new Uint8Array(3000),
    // As the trailers of phones: names and lengths, a film, another picture.
    'a trailer in its place': concat([
      new TextEncoder().encode('\0\0\x01\x0aImage_UTC_Data1764000000000SEFH'),
      new Uint8Array(100).fill(0x20),
      new TextEncoder().encode('SEFT'),
    ]),
    'another picture in its place': drawQuadrants(MagickFormat.Jpeg, { width: 64, height: 48 }),
    'half a marker in its place': Uint8Array.of(0xff),
  }

  for (const [what, trailer] of Object.entries(trailers)) {
    Deno.test(`${name} without EOI and with ${what} is open, and has the preview of the whole file`, () => {
      const bytes = concat([open, trailer])
      assertEquals(readCompleteness(type, bytes), 'open')
      const { preview } = derive(bytes)
      const whole = makeDerivatives(file, 'jpeg', readFacts(file, 'jpeg')).preview
      assertEquals(decode(preview), decode(whole))
    })
  }

  Deno.test(`${name} without EOI whose last rows are missing is truncated`, () => {
    for (const part of [0.3, 0.6, 0.9, 0.97]) {
      const bytes = open.subarray(0, Math.floor(open.length * part))
      if (readCompleteness(type, bytes) === 'open') assertThrowsCode(() => derive(bytes), 'image_truncated')
      const followed = concat([bytes, trailers['another picture in its place'] ?? new Uint8Array()])
      if (readCompleteness(type, followed) === 'open')
        assertThrowsCode(() => derive(followed), 'image_truncated')
    }
  })
}

Deno.test('a progressive JPEG that ends before the scan with its last bits is cut, whatever the decoder says', () => {
  const file = drawQuadrants(MagickFormat.Jpeg, { ...size, interlaced: true })
  const scans = [...file.keys()].filter((at) => file[at] === 0xff && file[at + 1] === 0xda)
  assertEquals(scans.length > 3, true)
  for (const at of scans.slice(1)) assertEquals(readCompleteness('jpeg', file.subarray(0, at)), 'cut')
})

Deno.test('the truncated sample is not whole', async () => {
  assertEquals(isWhole('jpeg', await samplePhoto('truncated')), false)
})
