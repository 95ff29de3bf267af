/**
 * Pictures of the page, compared at an eighth of their size: fonts and antialiasing differ between machines, where
 * things stand and which colours they have does not. That keeps the files small, too.
 */

import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PNG } from 'pngjs'

const SCALE = 8

/** Of 255; what a cell may be off before it counts. */
const TOLERANCE = 26

export interface Comparison {
  /** Part of the cells that are off, 0 to 1; 1 where the sizes differ. */
  off: number
}

/** @returns how far the picture is from the one that is kept; where `keep` is set, it is kept instead. */
export async function compareWithKept(picture: Buffer, path: string, keep: boolean): Promise<Comparison> {
  const shrunk = shrink(PNG.sync.read(picture))
  if (keep) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, PNG.sync.write(shrunk, { colorType: 2 }))
    return { off: 0 }
  }
  if (!existsSync(path)) return { off: 1 }
  return compare(shrunk, PNG.sync.read(await readFile(path)))
}

export function compare(one: PNG, other: PNG): Comparison {
  if (one.width !== other.width || one.height !== other.height) return { off: 1 }
  let off = 0
  for (let at = 0; at < one.data.length; at += 4) {
    const isOff = [0, 1, 2].some(
      (channel) => Math.abs((one.data[at + channel] ?? 0) - (other.data[at + channel] ?? 0)) > TOLERANCE,
    )
    if (isOff) off += 1
  }
  return { off: off / (one.width * one.height) }
}

/** The mean of each square. */
function shrink({ width, height, data }: PNG): PNG {
  const small = new PNG({ width: Math.floor(width / SCALE), height: Math.floor(height / SCALE) })
  for (let y = 0; y < small.height; y += 1) {
    for (let x = 0; x < small.width; x += 1) {
      for (let channel = 0; channel < 4; channel += 1) {
        let sum = 0
        for (let dy = 0; dy < SCALE; dy += 1)
          for (let dx = 0; dx < SCALE; dx += 1)
            sum += data[((y * SCALE + dy) * width + x * SCALE + dx) * 4 + channel] ?? 0
        small.data[(y * small.width + x) * 4 + channel] = Math.round(sum / (SCALE * SCALE))
      }
    }
  }
  return small
}
