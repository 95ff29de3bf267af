/**
 * AMR: `#!AMR\n` or `#!AMR-WB\n`, then frames of 20 ms (RFC 4867, section 5). The first byte of a frame has its type,
 * which says how many bytes it has.
 */

import type { AudioFacts } from './audio-facts.ts'
import { viewBytes } from './bytes.ts'

const FRAME_SECONDS = 0.02

/** Bytes of a frame by its type, the first byte included; types without an entry are not used. */
const NARROW = { magic: '#!AMR\n', sampleRate: 8_000, sizes: [13, 14, 16, 18, 20, 21, 27, 32, 6] } as const
const WIDE = {
  magic: '#!AMR-WB\n',
  sampleRate: 16_000,
  sizes: [18, 24, 33, 37, 41, 47, 51, 59, 61, 6],
} as const
/** Speech lost, and no data. */
const EMPTY = [14, 15]

export function readAmr(bytes: Uint8Array): AudioFacts | null {
  const view = viewBytes(bytes)
  const kind = [NARROW, WIDE].find(({ magic }) => view.ascii(0, magic.length) === magic)
  if (kind === undefined) return null
  let frames = 0
  let at: number = kind.magic.length
  while (at < view.length) {
    view.countPart()
    const type = (view.u8(at) >> 3) & 15
    const size = EMPTY.includes(type) ? 1 : kind.sizes[type]
    // Not AMR from here on. What came before can be heard.
    if (size === undefined) break
    if (at + size > view.length) return facts(kind.sampleRate, frames, false)
    frames += 1
    at += size
  }
  return frames === 0 && at < view.length ? null : facts(kind.sampleRate, frames, true)
}

function facts(sampleRate: number, frames: number, complete: boolean): AudioFacts {
  return { codec: 'amr', sampleRate, channels: 1, duration: frames * FRAME_SECONDS, video: false, complete }
}
