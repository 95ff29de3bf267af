import { MagickFormat } from '@imagemagick/magick-wasm'
import { concat } from '../_shared/std.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { readCompleteness } from './completeness.ts'
import { loadMagick } from './magick.ts'
import { makeDerivatives, readFacts } from './pipeline.ts'
import { riffChunk, uint32, vp8x, webp } from './testing/containers.ts'
import { decode, drawQuadrants } from './testing/images.ts'
import { firstFrame } from './webp-frames.ts'

await loadMagick()

const size = { width: 64, height: 48 }

function animated(still: Uint8Array, frames: number): Uint8Array<ArrayBuffer> {
  const side = (value: number) =>
    uint32(value - 1)
      .reverse()
      .subarray(0, 3)
  const place = concat([new Uint8Array(6), side(size.width), side(size.height), Uint8Array.of(10, 0, 0, 0)])
  const frame = riffChunk('ANMF', concat([place, still.subarray(12)]))
  const copies = Array.from({ length: frames }, () => frame)
  return webp(vp8x(0b10, size.width, size.height), riffChunk('ANIM', new Uint8Array(6)), ...copies)
}

for (const transparent of [false, true]) {
  Deno.test(`an animation ${transparent ? 'with' : 'without'} alpha becomes a still picture of its first frame`, () => {
    const still = drawQuadrants(MagickFormat.WebP, { ...size, transparent })
    const hasHeader = new TextDecoder().decode(still.subarray(12, 16)) === 'VP8X'
    const bare = hasHeader ? concat([still.subarray(0, 12), still.subarray(30)]) : still
    const first = firstFrame(animated(bare, 3))
    assertEquals(readCompleteness('webp', first), 'whole')
    const facts = readFacts(first, 'webp')
    assertEquals([facts.width, facts.height], [64, 48])
    const { preview } = makeDerivatives(first, 'webp', facts)
    assertEquals(decode(preview), decode(makeDerivatives(still, 'webp', facts).preview))
  })
}

Deno.test('a still WebP is returned unchanged', () => {
  const still = drawQuadrants(MagickFormat.WebP, size)
  assertEquals(firstFrame(still), still)
  assertEquals(firstFrame(new Uint8Array(12)), new Uint8Array(12))
})

Deno.test('an animation that is cut anywhere makes firstFrame throw nothing', () => {
  const film = animated(drawQuadrants(MagickFormat.WebP, size), 2)
  for (let cut = 12; cut < film.length; cut += 5) firstFrame(film.slice(0, cut))
})
