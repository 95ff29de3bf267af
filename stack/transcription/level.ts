/** Stretches of sound and of silence in a recording, with their level. */

import type { Pcm } from './pcm.ts'

export interface Stretch {
  /** Seconds. */
  start: number
  end: number
  /** Mean level, decibels relative to full scale; null for silence. */
  level: number | null
}

/** Seconds of one measurement. */
const WINDOW = 0.1
/** Quieter windows are silence. */
const SILENCE_DBFS = -50
/** Windows. A shorter pause, as between two words, is part of the sound around it. */
const SHORTEST = 4

/** Yields each stretch when its end is known. */
export async function* measure(pieces: AsyncIterable<Pcm>): AsyncGenerator<Stretch> {
  const runs = createRuns()
  for await (const energy of windows(pieces)) yield* runs.take(energy)
  yield* runs.end()
}

/** Mean square of each window. */
async function* windows(pieces: AsyncIterable<Pcm>): AsyncGenerator<number> {
  let sum = 0
  let count = 0
  for await (const { samples, sampleRate } of pieces) {
    const size = Math.round(sampleRate * WINDOW)
    for (const sample of samples) {
      sum += sample * sample
      count += 1
      if (count < size) continue
      yield sum / count
      sum = 0
      count = 0
    }
  }
  if (count > 0) yield sum / count
}

function createRuns() {
  let position = 0
  let start = 0
  let audible: boolean | null = null
  let energy = 0
  /** Latest windows of the other kind, too few yet to be a stretch. */
  let others: number[] = []

  const close = (end: number): Stretch => {
    const mean = energy / Math.max(1, end - start)
    const stretch = {
      start: start * WINDOW,
      end: end * WINDOW,
      level: audible === true ? Math.round(decibels(mean)) : null,
    }
    start = end
    energy = 0
    return stretch
  }
  return {
    *take(window: number): Generator<Stretch> {
      const isAudible = decibels(window) >= SILENCE_DBFS
      audible ??= isAudible
      position += 1
      if (isAudible === audible) {
        energy += window + others.reduce((sum, other) => sum + other, 0)
        others = []
        return
      }
      others.push(window)
      if (others.length < SHORTEST) return
      yield close(position - others.length)
      audible = isAudible
      energy = others.reduce((sum, other) => sum + other, 0)
      others = []
    },
    *end(): Generator<Stretch> {
      if (position > 0) yield close(position)
    },
  }
}

function decibels(meanSquare: number): number {
  return 10 * Math.log10(meanSquare + 1e-12)
}
