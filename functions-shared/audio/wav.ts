/** WAV: `RIFF <size> WAVE`, then chunks `<name> <size> <content>`, each padded to an even length. */

import type { AudioFacts } from './audio-facts.ts'
import { type ByteView, viewBytes } from './bytes.ts'

export interface WavData {
  codec: 'pcm' | 'float' | 'alaw' | 'mulaw'
  channels: number
  sampleRate: number
  byteRate: number
  /** Bytes of one sample of all channels. */
  blockAlign: number
  /** Bits of one sample of one channel. */
  bits: number
  /** Place of the audio data, as far as the file has it. */
  start: number
  end: number
  /** False where the header announces more audio data than the file has. */
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
/** Sizes written by programs that stream: they do not know the length, and cannot correct it later. */
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

/** Null for a file without audio data in a known format. */
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
      const present = view.length - start
      const announced = UNKNOWN_SIZES.includes(size) ? present : size
      return { ...format, start, end: start + Math.min(announced, present), complete: announced <= present }
    }
    at = start + size + (size % 2)
  }
  return null
}

function readFormat(view: ByteView, at: number, size: number): Format | null {
  if (size < 16 || !view.has(at, size)) return null
  const tag = view.u16le(at)
  // The extensible format has the tag at the beginning of a GUID.
  const known = CODECS[tag === EXTENSIBLE && size >= 26 ? view.u16le(at + 24) : tag]
  const channels = view.u16le(at + 2)
  const sampleRate = view.u32le(at + 4)
  const bits = view.u16le(at + 14)
  const blockAlign = (channels * bits) / 8
  if (known === undefined || !known.bits.includes(bits) || channels === 0 || sampleRate === 0) return null
  return { codec: known.codec, channels, sampleRate, bits, blockAlign, byteRate: sampleRate * blockAlign }
}
