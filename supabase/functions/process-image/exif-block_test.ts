import { MagickFormat } from '@imagemagick/magick-wasm'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { findExif, MAX_EXIF_BYTES } from './exif-block.ts'
import { loadMagick } from './magick.ts'
import { readMetadata } from './metadata.ts'
import {
  ascii,
  greedyTiff,
  heicWithExif,
  pngChunk,
  riffChunk,
  vp8x,
  webp,
  withPngChunks,
} from './testing/containers.ts'
import { drawQuadrants, samplePhoto } from './testing/images.ts'

await loadMagick()

const photo = await samplePhoto('front-damage')
const tiff = Uint8Array.from(findExif(photo) ?? [])
const size = { width: 8, height: 8 }
const png = drawQuadrants(MagickFormat.Png, size)
const stillWebp = drawQuadrants(MagickFormat.WebP, size).subarray(12)

const FILES: readonly (readonly [string, Uint8Array])[] = [
  ['PNG', withPngChunks(png, pngChunk('eXIf', tiff))],
  ['WebP', webp(vp8x(0b1000, 8, 8), stillWebp, riffChunk('EXIF', tiff))],
  [
    'WebP with the prefix that some write',
    webp(vp8x(0b1000, 8, 8), riffChunk('EXIF', Uint8Array.of(...ascii('Exif\0\0'), ...tiff))),
  ],
  ['HEIC', heicWithExif(tiff)],
]

for (const [name, file] of FILES) {
  Deno.test(`${name}: the EXIF block has the same tags as that of the JPEG`, () => {
    assertEquals(readMetadata(file), readMetadata(photo))
    assertEquals(readMetadata(file).camera?.model, 'Sample Phone 7')
  })

  Deno.test(`${name}: a file that is cut anywhere is read without an error`, () => {
    for (let cut = 0; cut < file.length; cut += 3) readMetadata(file.slice(0, cut))
  })

  Deno.test(`${name}: a file with a changed byte is read without an error`, () => {
    for (let at = 12; at < Math.min(file.length, 600); at += 1) {
      const broken = Uint8Array.from(file)
      broken[at] = 0xff
      readMetadata(broken)
    }
  })
}

Deno.test('an EXIF block is cut at its limit, and the text of a tag too', () => {
  const greedy = withPngChunks(png, pngChunk('eXIf', greedyTiff([0x010f], 2_000_000)))
  assertEquals(findExif(greedy)?.length, MAX_EXIF_BYTES)
  assert((readMetadata(greedy).camera?.make ?? '').length <= 100)
})

Deno.test('a picture without EXIF gives null', () => {
  assertEquals(findExif(png), null)
  assertEquals(findExif(ascii('%PDF-1.7')), null)
})
