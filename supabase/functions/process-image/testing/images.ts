/** Pictures made for tests: four coloured quadrants, so that every turn and mirroring shows in the pixels. */

import {
  AlphaAction,
  ColorProfile,
  type IMagickImage,
  Interlace,
  MagickColor,
  MagickFormat,
  MagickImage,
} from '@imagemagick/magick-wasm'
import { concat } from '../../_shared/std.ts'
import { PNG_SIGNATURE, pngChunk } from './containers.ts'

export type Rgb = readonly [number, number, number]
export const RED: Rgb = [255, 0, 0]
export const GREEN: Rgb = [0, 255, 0]
export const BLUE: Rgb = [0, 0, 255]
export const YELLOW: Rgb = [255, 255, 0]

export interface QuadrantOptions {
  width: number
  height: number
  /** Top left, top right, bottom left, bottom right. */
  colors?: readonly [Rgb, Rgb, Rgb, Rgb]
  iccProfile?: Uint8Array
  interlaced?: boolean
  /** Whether the picture is fully transparent. */
  transparent?: boolean
}

export function drawQuadrants(format: MagickFormat, options: QuadrantOptions): Uint8Array<ArrayBuffer> {
  const { width, height, colors = [RED, GREEN, BLUE, YELLOW] } = options
  const image = MagickImage.create(new MagickColor('#ffffff'), width, height)
  try {
    paint(image, colors)
    if (options.iccProfile !== undefined) image.setProfile(new ColorProfile(options.iccProfile))
    if (options.transparent === true) image.alpha(AlphaAction.Transparent)
    image.quality = 95
    if (options.interlaced === true) image.settings.interlace = Interlace.Png
    const target = options.interlaced === true && format === MagickFormat.Jpeg ? MagickFormat.Pjpeg : format
    return image.write(target, (data) => Uint8Array.from(data))
  } finally {
    image.dispose()
  }
}

function paint(image: IMagickImage, [topLeft, topRight, bottomLeft, bottomRight]: readonly Rgb[]): void {
  const { width, height } = image
  const row = (left: Rgb = RED, right: Rgb = RED) =>
    Array.from({ length: width }, (_, x) => (x < width / 2 ? left : right)).flat()
  const top = row(topLeft, topRight)
  const bottom = row(bottomLeft, bottomRight)
  image.getPixels((pixels) => {
    for (let y = 0; y < height; y += 1) pixels.setArea(0, y, width, 1, y < height / 2 ? top : bottom)
  })
}

export interface Decoded {
  width: number
  height: number
  /** Colour in the middle of the top left, top right, bottom left and bottom right quadrant. */
  quadrants: number[][]
  profiles: readonly string[]
}

export function decode(bytes: Uint8Array): Decoded {
  const image = MagickImage.create(bytes)
  try {
    const { width, height } = image
    const at = (x: number, y: number) =>
      image.getPixels((pixels) => [
        ...(pixels.toByteArray(Math.floor(x * width), Math.floor(y * height), 1, 1, 'RGB') ?? []),
      ])
    return {
      width,
      height,
      quadrants: [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)],
      profiles: image.profileNames,
    }
  } finally {
    image.dispose()
  }
}

/** Puts an EXIF block with nothing but an orientation into a JPEG. */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array<ArrayBuffer> {
  // Little-endian TIFF with an IFD of one entry: 0x0112, a short.
  const tiff = new Uint8Array(26)
  tiff.set([0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1])
  tiff.set([orientation], 18)
  const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff]
  const app1 = Uint8Array.from([0xff, 0xe1, 0, body.length + 2, ...body])
  return concat([jpeg.subarray(0, 2), app1, jpeg.subarray(2)])
}

/** A PNG of black pixels, one bit each, so that many pixels take few bytes. */
export async function blackPng(width: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header.set([1, 0, 0, 0, 0], 8)
  const rows = new Blob([new Uint8Array((Math.ceil(width / 8) + 1) * height)])
  const data = await new Response(rows.stream().pipeThrough(new CompressionStream('deflate'))).bytes()
  const chunks = [pngChunk('IHDR', header), pngChunk('IDAT', data), pngChunk('IEND', new Uint8Array())]
  return concat([PNG_SIGNATURE, ...chunks])
}

/** A photo of the repository's samples. */
export function samplePhoto(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(new URL(`../../../../samples/photos/${name}.jpg`, import.meta.url))
}
