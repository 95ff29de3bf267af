/** WAV: `RIFF <size> WAVE`, then chunks `<name> <size> <content>`, each padded to an even length. */

import { type ByteView, viewBytes } from './bytes.ts'
import type { AudioFacts } from './facts.ts'

export interface WavData {
  codec: 'pcm' | 'float' | 'alaw' | 'mulaw'
  channels: number
  sampleRate: number
  byteRate: number
  /** Bytes of one sample of all channels. */
  blockAlign: number
  /** Of one sample of one channel. */
  bits: number
  /** The sound, as far as it is there. */
  start: number
  end: number
  /** False where more is announced. */
  complete: boolean
}

type Format = Omit<WavData, 'start' | 'end' | 'complete'>

const CODECS: Readonly<Record<number, { codec: WavData['codec']; bits: readonly number[] }>> = {
  1: { codec: 'pcm', bits: [8, 16, 24, 32] },
  3: { codec: 'float', bits: [32, 64] },
  6: { codec: 'alaw', bits: [8] },
  7: { codec: 'mulaw', bits: [8] },
}
const EXTENSIBLE = 0xfffe
/** Sizes that programs write which do not know yet how long it will be, and never come back to it. */
const UNKNOWN_SIZES = [0, 0xffffffff]

export function readWav(bytes: Uint8Array): AudioFacts | null {
  const data = findWavData(bytes)
  if (data === null) return null
  const { codec, sampleRate, channels, start, end, byteRate, complete } = data
  return {
    codec: codec === 'float' ? 'pcm' : codec,
    sampleRate,
    channels,
    duration: (end - start) / byteRate,
    video: false,
    complete,
  }
}

/** Null where the file holds no sound of a known form. */
export function findWavData(bytes: Uint8Array): WavData | null {
  const view = viewBytes(bytes)
  let format: Format | null = null
  for (let at = 12; view.has(at, 8); ) {
    view.countPart()
    const name = view.ascii(at, 4)
    const size = view.u32le(at + 4)
    const start = at + 8
    if (name === 'fmt ') format = readFormat(view, start, size)
    if (name === 'data') {
      if (format === null) return null
      const there = view.length - start
      const announced = UNKNOWN_SIZES.includes(size) ? there : size
      return { ...format, start, end: start + Math.min(announced, there), complete: announced <= there }
    }
    at = start + size + (size % 2)
  }
  return null
}

function readFormat(view: ByteView, at: number, size: number): Format | null {
  if (size < 16 || !view.has(at, size)) return null
  const tag = view.u16le(at)
  // The extensible form keeps the tag at the start of a GUID.
  const known = CODECS[tag === EXTENSIBLE && size >= 26 ? view.u16le(at + 24) : tag]
  const channels = view.u16le(at + 2)
  const sampleRate = view.u32le(at + 4)
  const bits = view.u16le(at + 14)
  const blockAlign = (channels * bits) / 8
  if (known === undefined || !known.bits.includes(bits) || channels === 0 || sampleRate === 0) return null
  return { codec: known.codec, channels, sampleRate, bits, blockAlign, byteRate: sampleRate * blockAlign }
}
