import { MagickFormat } from '@imagemagick/magick-wasm'
import type { ImageType } from '../../../functions-shared/file-type.ts'
import { concat } from '../_shared/std.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { isComplete } from './completeness.ts'
import { loadMagick } from './magick.ts'
import { drawQuadrants, samplePhoto } from './testing/images.ts'

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

for (const [name, type, file] of FILES) {
  Deno.test(`${name} is complete, also with further bytes after its end`, () => {
    assertEquals(isComplete(type, file), true)
    // HEIC has no end of its own: what follows must be a box, which zeros are not.
    if (type !== 'heic') assertEquals(isComplete(type, concat([file, new Uint8Array(1000)])), true)
  })

  Deno.test(`${name} is incomplete when it is cut at any byte`, () => {
    const cuts = Array.from({ length: 60 }, (_, index) => Math.floor((file.length * (index + 1)) / 61))
    for (const cut of [4, 12, 20, ...cuts, file.length - 2, file.length - 1]) {
      assertEquals(isComplete(type, file.subarray(0, cut)), false, `cut at ${cut} of ${file.length}`)
    }
  })

  Deno.test(`${name} in a view of a larger buffer is complete, and incomplete when cut`, () => {
    const shifted = concat([new Uint8Array(7), file]).subarray(7)
    assertEquals(isComplete(type, shifted), true)
  })
}

Deno.test('the truncated sample is incomplete', async () => {
  assertEquals(isComplete('jpeg', await samplePhoto('truncated')), false)
})
