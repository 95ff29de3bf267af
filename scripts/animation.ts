/** Writes pictures of a page as an animated GIF. Each frame stores only the pixels that changed. */

import { createRequire } from 'node:module'
import { PNG } from 'pngjs'

type Palette = number[][]

/** The part of gifenc that is used; the package comes without types. */
interface Gifenc {
  GIFEncoder(): {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: {
        /** Palette; the first frame's palette is that of the whole picture. */
        palette?: Palette
        /** Milliseconds. */
        delay: number
        transparent?: boolean
        transparentIndex?: number
        /** 1: the next frame is drawn on top. */
        dispose: number
      },
    ): void
    finish(): void
    bytes(): Uint8Array
  }
  quantize(rgba: Uint8Array, maxColors: number): Palette
  applyPalette(rgba: Uint8Array, palette: Palette): Uint8Array
}

// A CommonJS module that looks like an ES module to some loaders; asked for like this it is the same for all.
const require = createRequire(import.meta.url)
const { applyPalette, GIFEncoder, quantize }: Gifenc = require('gifenc')

export interface Frame {
  png: Buffer
  /** Milliseconds for which the frame is shown. */
  shownMs: number
}

/** One of the 256 colours means "as before". */
const COLORS = 255
const UNCHANGED = 255
/** Pixels of the samples that the palette is made from. */
const SAMPLE_PIXELS = 400_000

/** @throws RangeError without frames, or when they differ in size. */
export function encodeGif(frames: readonly Frame[]): Uint8Array {
  const images = frames.map(({ png }) => PNG.sync.read(png))
  const [first] = images
  if (first === undefined) throw new RangeError('there are no frames')
  const { width, height } = first
  if (images.some((image) => image.width !== width || image.height !== height)) {
    throw new RangeError('the frames differ in size')
  }
  // One palette for all: colours that stay must not flicker.
  const palette = quantize(sample(images.map(({ data }) => data)), COLORS)
  while (palette.length <= UNCHANGED) palette.push([0, 0, 0])
  const gif = GIFEncoder()
  let before: Uint8Array | undefined
  images.forEach(({ data }, position) => {
    const colors = applyPalette(data, palette.slice(0, COLORS))
    const index = before === undefined ? colors : changes(before, colors)
    gif.writeFrame(index, width, height, {
      ...(before === undefined ? { palette } : { transparent: true, transparentIndex: UNCHANGED }),
      delay: frames[position]?.shownMs ?? 0,
      dispose: 1,
    })
    before = colors
  })
  gif.finish()
  return gif.bytes()
}

function changes(before: Uint8Array, after: Uint8Array): Uint8Array {
  return after.map((color, position) => (before[position] === color ? UNCHANGED : color))
}

/** Pixels from all over the frames, evenly. */
function sample(images: readonly Uint8Array[]): Uint8Array {
  const pixels = images.reduce((sum, { length }) => sum + length / 4, 0)
  const step = Math.max(1, Math.floor(pixels / SAMPLE_PIXELS))
  const taken: number[] = []
  for (const data of images) {
    for (let at = 0; at < data.length; at += 4 * step) taken.push(...data.subarray(at, at + 4))
  }
  return Uint8Array.from(taken)
}
