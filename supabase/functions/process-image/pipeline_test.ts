import { MagickFormat } from '@imagemagick/magick-wasm'
import type { ImageType } from '../../../functions-shared/file-type.ts'
import { detectFileType } from '../../../functions-shared/file-type.ts'
import { assert, assertAlmostEquals, assertEquals } from '../_shared/testing/asserts.ts'
import { assertThrowsCode } from '../_shared/testing/errors.ts'
import { loadMagick } from './magick.ts'
import { readMetadata } from './metadata.ts'
import { type Derivatives, makeDerivatives, readFacts } from './pipeline.ts'
import { buildRgbProfile } from './srgb-profile.ts'
import {
  BLUE,
  blackPng,
  decode,
  drawQuadrants,
  GREEN,
  RED,
  type Rgb,
  samplePhoto,
  withOrientation,
  YELLOW,
} from './testing/images.ts'

await loadMagick()

const WHITE: Rgb = [255, 255, 255]
const TOLERANCE = 40

function derive(bytes: Uint8Array, type: ImageType): Derivatives {
  return makeDerivatives(bytes, type, readFacts(bytes, type))
}

function assertQuadrants(bytes: Uint8Array, expected: readonly Rgb[]): void {
  const { quadrants } = decode(bytes)
  for (const [index, color] of expected.entries()) {
    for (const [channel, value] of color.entries()) {
      assertAlmostEquals(quadrants[index]?.[channel] ?? -1, value, TOLERANCE)
    }
  }
}

/** What each EXIF orientation makes of a picture stored as red, green / blue, yellow. */
const UPRIGHT: readonly (readonly [number, readonly Rgb[]])[] = [
  [1, [RED, GREEN, BLUE, YELLOW]],
  [2, [GREEN, RED, YELLOW, BLUE]],
  [3, [YELLOW, BLUE, GREEN, RED]],
  [4, [BLUE, YELLOW, RED, GREEN]],
  [5, [RED, BLUE, GREEN, YELLOW]],
  [6, [BLUE, RED, YELLOW, GREEN]],
  [7, [YELLOW, GREEN, BLUE, RED]],
  [8, [GREEN, YELLOW, RED, BLUE]],
]

for (const [orientation, expected] of UPRIGHT) {
  Deno.test(`a photo with EXIF orientation ${orientation} has an upright preview`, () => {
    const jpeg = withOrientation(drawQuadrants(MagickFormat.Jpeg, { width: 640, height: 400 }), orientation)
    const upright = orientation >= 5 ? { width: 400, height: 640 } : { width: 640, height: 400 }
    const { width, height } = readFacts(jpeg, 'jpeg')
    assertEquals({ width, height }, upright)

    const { preview, thumbnail } = derive(jpeg, 'jpeg')
    assertQuadrants(preview, expected)
    assertQuadrants(thumbnail, expected)
    const shown = decode(preview)
    assertEquals({ width: shown.width, height: shown.height }, upright)
  })
}

for (const [type, format] of [
  ['jpeg', MagickFormat.Jpeg],
  ['png', MagickFormat.Png],
  ['webp', MagickFormat.WebP],
] as const satisfies readonly (readonly [ImageType, MagickFormat])[]) {
  Deno.test(`${type}: no side of the preview is longer than 1600 pixels, none of the thumbnail longer than 320`, () => {
    const original = drawQuadrants(format, { width: 2400, height: 1200 })
    assertEquals(detectFileType(original), type)
    const { preview, thumbnail } = derive(original, type)
    assertQuadrants(preview, [RED, GREEN, BLUE, YELLOW])
    const [large, small] = [decode(preview), decode(thumbnail)]
    assertEquals([large.width, large.height, small.width, small.height], [1600, 800, 320, 160])
    assertEquals([detectFileType(preview), detectFileType(thumbnail)], ['jpeg', 'jpeg'])
  })
}

Deno.test('a HEIC is decoded', async () => {
  const heic = await Deno.readFile(new URL('./testdata/quadrants.heic', import.meta.url))
  assertEquals(detectFileType(heic), 'heic')
  const { width, height } = readFacts(heic, 'heic')
  assertEquals([width, height], [96, 64])
  assertQuadrants(derive(heic, 'heic').preview, [RED, GREEN, BLUE, YELLOW])
})

Deno.test('a small picture is not enlarged', () => {
  const { preview, thumbnail } = derive(drawQuadrants(MagickFormat.Png, { width: 60, height: 40 }), 'png')
  assertEquals([decode(preview).width, decode(thumbnail).width], [60, 60])
})

Deno.test('transparent pixels become white', () => {
  const clear = drawQuadrants(MagickFormat.Png, { width: 64, height: 64, transparent: true })
  assertQuadrants(derive(clear, 'png').preview, [WHITE, WHITE, WHITE, WHITE])
})

Deno.test('preview and thumbnail have no metadata', async () => {
  const original = await samplePhoto('street-at-dusk')
  assert(readMetadata(original).position !== undefined, 'the sample has a position')
  const { preview, thumbnail } = derive(original, 'jpeg')
  for (const derivative of [preview, thumbnail]) {
    assertEquals(readMetadata(derivative), {})
    assertEquals(decode(derivative).profiles, [])
    const text = new TextDecoder('latin1').decode(derivative)
    for (const trace of ['Exif', 'Sample Phone', 'GPS', 'http://ns.adobe.com', 'ICC_PROFILE', '2026:']) {
      assert(!text.includes(trace), `${trace} is still there`)
    }
  }
})

Deno.test('a wide-gamut picture keeps its colours without its profile', () => {
  // Display P3: its numbers for this orange are not those of sRGB.
  const p3 = buildRgbProfile(
    [
      [0.51512, 0.2412, -0.00105],
      [0.29198, 0.69225, 0.04189],
      [0.1571, 0.06657, 0.78407],
    ],
    'Display P3',
  )
  const orange: Rgb = [200, 120, 60]
  const colors = [orange, orange, orange, orange] as const
  const plain = derive(drawQuadrants(MagickFormat.Png, { width: 64, height: 64, colors }), 'png')
  const wide = derive(
    drawQuadrants(MagickFormat.Png, { width: 64, height: 64, colors, iccProfile: p3 }),
    'png',
  )
  const [same = []] = decode(plain.preview).quadrants
  const [converted = []] = decode(wide.preview).quadrants
  for (const [channel, value] of orange.entries()) assertAlmostEquals(same[channel] ?? -1, value, 4)
  // Worked out with the two matrices: P3 (200, 120, 60) is sRGB (212, 118, 44).
  for (const [channel, value] of [212, 118, 44].entries())
    assertAlmostEquals(converted[channel] ?? -1, value, 5)
})

Deno.test('a truncated JPEG fails in the decoder with image_truncated', async () => {
  const whole = await samplePhoto('bumper-close-up')
  derive(whole, 'jpeg')
  const cut = await samplePhoto('truncated')
  assertThrowsCode(() => derive(cut, 'jpeg'), 'image_truncated')
})

Deno.test('a picture with too many pixels is refused by its header, before decoding', async () => {
  const bomb = await blackPng(10_000, 5_001)
  assert(bomb.length < 20_000, 'few bytes')
  assertThrowsCode(() => readFacts(bomb, 'png'), 'image_too_large')
  assertEquals(readFacts(await blackPng(10_000, 5_000), 'png').height, 5_000)
})

Deno.test('bytes that only begin like an image are undecodable', () => {
  const noise = Uint8Array.from({ length: 4096 }, (_, index) => (index * 197) & 0xff)
  noise.set([0xff, 0xd8, 0xff, 0xe0])
  assertThrowsCode(() => readFacts(noise, 'jpeg'), 'image_undecodable')
  assertThrowsCode(() => derive(noise, 'jpeg'), 'image_undecodable')
})

Deno.test('an image that is decoded as another format is undecodable', () => {
  const png = drawQuadrants(MagickFormat.Png, { width: 8, height: 8 })
  assertThrowsCode(() => derive(png, 'jpeg'), 'image_undecodable')
})

Deno.test('a progressive JPEG is recognised', () => {
  const size = { width: 64, height: 64 }
  assertEquals(
    readFacts(drawQuadrants(MagickFormat.Jpeg, { ...size, interlaced: true }), 'jpeg').progressive,
    true,
  )
  assertEquals(readFacts(drawQuadrants(MagickFormat.Jpeg, size), 'jpeg').progressive, false)
})
