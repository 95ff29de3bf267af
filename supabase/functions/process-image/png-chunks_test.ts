import { MagickFormat } from '@imagemagick/magick-wasm'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { loadMagick } from './magick.ts'
import { hasTooManyPixels, withoutExtras } from './png-chunks.ts'
import { SRGB_PROFILE } from './srgb-profile.ts'
import { ascii, pngChunk, withPngChunks, zlibBomb } from './testing/containers.ts'
import { decode, drawQuadrants } from './testing/images.ts'

await loadMagick()

const size = { width: 33, height: 21 }
const plain = await withoutExtras(drawQuadrants(MagickFormat.Png, size))

Deno.test('a PNG with texts loses them and keeps its pixels and its profile', async () => {
  const text = pngChunk('tEXt', ascii('Comment\0nothing that a picture needs'))
  assertEquals(await withoutExtras(withPngChunks(plain, text, pngChunk('zTXt', ascii('x\0\0y')))), plain)
  assertEquals(await withoutExtras(plain), plain)

  const withProfile = await withoutExtras(
    drawQuadrants(MagickFormat.Png, { ...size, iccProfile: SRGB_PROFILE }),
  )
  assert(decode(withProfile).profiles.includes('icc'), 'the profile is still there')
  assertEquals(decode(withProfile).quadrants, decode(plain).quadrants)
})

Deno.test('of several profiles the first is kept and the others are not unpacked', async () => {
  const withProfile = drawQuadrants(MagickFormat.Png, { ...size, iccProfile: SRGB_PROFILE })
  const another = pngChunk('iCCP', Uint8Array.of(...ascii('p\0\0'), ...(await zlibBomb(1))))
  const kept = await withoutExtras(withPngChunks(withProfile, another, another, another))
  assertEquals(new TextDecoder('latin1').decode(kept).split('iCCP').length - 1, 1)
})

Deno.test('a profile that unpacks to too many bytes is removed, and a broken one too', async () => {
  for (const data of [await zlibBomb(5), Uint8Array.of(0x78)]) {
    const profile = pngChunk('iCCP', Uint8Array.of(...ascii('p\0\0'), ...data))
    const kept = await withoutExtras(withPngChunks(plain, profile))
    assertEquals(decode(kept).profiles, [])
  }
})

for (const [name, format] of [
  ['8 bit RGB', MagickFormat.Png24],
  ['RGB and alpha', MagickFormat.Png32],
  ['16 bit', MagickFormat.Png48],
  ['a palette', MagickFormat.Png8],
] as const) {
  Deno.test(`${name}: a picture with as many rows as its header announces is accepted`, async () => {
    for (const { width, height } of [size, { width: 1600, height: 1200 }]) {
      const png = drawQuadrants(format, { width, height })
      assertEquals(await hasTooManyPixels(png), false)
    }
  })
}

Deno.test('an interlaced picture with as many rows as its header announces is accepted', async () => {
  const png = drawQuadrants(MagickFormat.Png, { width: 1601, height: 1203, interlaced: true })
  const header = png.subarray(8 + 8, 8 + 8 + 13)
  assertEquals(header[12], 1)
  assertEquals(await hasTooManyPixels(png), false)
})

Deno.test('a picture with more rows than its header announces is detected', async () => {
  const png = drawQuadrants(MagickFormat.Png24, { width: 1600, height: 1200 })
  const short = png.slice()
  new DataView(short.buffer).setUint32(8 + 8 + 4, 1100)
  assertEquals(await hasTooManyPixels(short), true)
})
