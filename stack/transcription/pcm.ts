/** Decodes recordings piece by piece: an hour of samples at once would take gigabytes of memory. */

import { MPEGDecoder } from 'mpg123-decoder'
import { OggOpusDecoder } from 'ogg-opus-decoder'
import type { AudioFacts } from '../../functions-shared/audio/audio-facts.ts'
import { findWavData, type WavData } from '../../functions-shared/audio/wav.ts'
import type { AudioType } from '../../functions-shared/file-type.ts'

/** One channel, -1 to 1. */
export interface Pcm {
  samples: Float32Array
  sampleRate: number
}

/** Bytes that are decoded in one turn of the event loop. */
const PIECE = 32 * 1024
/** Smaller, because two bytes of Opus can be 120 ms of sound. */
const OPUS_PIECE = 512
/** Seconds that are decoded beyond the duration that the file states, because encoders add a little at the end. */
const RUN_OUT = 1

/**
 * Decodes as many seconds as the file states.
 * @param signal ends the decoding, e.g. when the caller has closed the connection
 * @returns null for a type without a decoder here
 */
export function decode(
  bytes: Uint8Array,
  type: AudioType,
  facts: AudioFacts,
  signal: AbortSignal,
): AsyncIterable<Pcm> | null {
  const sound = decodeAll(bytes, type, facts)
  return sound === null ? null : upTo(facts.duration + RUN_OUT, sound, signal)
}

function decodeAll(bytes: Uint8Array, type: AudioType, { codec }: AudioFacts): AsyncIterable<Pcm> | null {
  if (type === 'wav') return decodeWav(bytes)
  if (type === 'mp3') return decodeWith(new MPEGDecoder(), bytes, PIECE)
  if (type === 'ogg' && codec === 'opus') return decodeWith(new OggOpusDecoder(), bytes, OPUS_PIECE)
  return null
}

async function* upTo(seconds: number, sound: AsyncIterable<Pcm>, signal: AbortSignal): AsyncGenerator<Pcm> {
  let left = seconds
  for await (const pcm of sound) {
    signal.throwIfAborted()
    yield pcm
    if (pcm.samples.length > 0) left -= pcm.samples.length / pcm.sampleRate
    if (left <= 0) return
  }
}

interface Decoded {
  channelData: Float32Array[]
  sampleRate: number
}

interface Decoder {
  ready: Promise<void>
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>
  flush?: () => Decoded | Promise<Decoded>
  free(): void
}

async function* decodeWith(decoder: Decoder, bytes: Uint8Array, piece: number): AsyncGenerator<Pcm> {
  await decoder.ready
  try {
    for (let at = 0; at < bytes.length; at += piece) {
      yield mix(await decoder.decode(bytes.subarray(at, at + piece)))
      await turn()
    }
    if (decoder.flush !== undefined) yield mix(await decoder.flush())
  } finally {
    decoder.free()
  }
}

function mix({ channelData, sampleRate }: Decoded): Pcm {
  const [first = new Float32Array()] = channelData
  if (channelData.length < 2) return { samples: first, sampleRate }
  const samples = first.map(
    (_, at) => channelData.reduce((sum, channel) => sum + (channel[at] ?? 0), 0) / channelData.length,
  )
  return { samples, sampleRate }
}

async function* decodeWav(bytes: Uint8Array): AsyncGenerator<Pcm> {
  const data = findWavData(bytes)
  if (data === null) return
  const { start, end, sampleRate, blockAlign, channels } = data
  const read = sampleReader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), data)
  const width = blockAlign / channels
  const blocks = Math.floor(PIECE / blockAlign) || 1
  for (let at = start; at + blockAlign <= end; at += blocks * blockAlign) {
    const count = Math.min(blocks, Math.floor((end - at) / blockAlign))
    const samples = new Float32Array(count)
    for (let block = 0; block < count; block += 1) {
      let sum = 0
      for (let channel = 0; channel < channels; channel += 1) {
        sum += read(at + block * blockAlign + channel * width)
      }
      samples[block] = sum / channels
    }
    yield { samples, sampleRate }
    await turn()
  }
}

function sampleReader(view: DataView, { codec, bits }: WavData): (at: number) => number {
  if (codec === 'mulaw') return (at) => mulaw(view.getUint8(at))
  if (codec === 'alaw') return (at) => alaw(view.getUint8(at))
  if (codec === 'float') {
    return bits === 64 ? (at) => view.getFloat64(at, true) : (at) => view.getFloat32(at, true)
  }
  if (bits === 8) return (at) => (view.getUint8(at) - 128) / 128
  if (bits === 24) return (at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 2 ** 23
  if (bits === 32) return (at) => view.getInt32(at, true) / 2 ** 31
  return (at) => view.getInt16(at, true) / 2 ** 15
}

/** ITU-T G.711. */
function mulaw(byte: number): number {
  const value = ~byte & 0xff
  const magnitude = ((((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4)) - 0x84
  return (value & 0x80 ? -magnitude : magnitude) / 2 ** 15
}

function alaw(byte: number): number {
  const value = byte ^ 0x55
  const exponent = (value & 0x70) >> 4
  const base = ((value & 0x0f) << 4) + 8
  const magnitude = exponent === 0 ? base : (base + 0x100) << (exponent - 1)
  return (value & 0x80 ? magnitude : -magnitude) / 2 ** 15
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
