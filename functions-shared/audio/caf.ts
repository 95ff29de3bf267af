/**
 * Core Audio Format, in which iOS keeps voice messages: `caff`, then chunks `<name> <64-bit length> <content>`.
 *
 *     desc   sample rate, codec, and frames per packet, where all packets have as many
 *     pakt   number of frames, where packets have different sizes
 *     data   the packets. Length -1: up to the end of the file
 */

import type { AudioFacts } from './audio-facts.ts'
import { viewBytes } from './bytes.ts'

/** Codecs by Apple's names. Other codecs keep their name. */
const CODECS: Readonly<Record<string, string>> = { lpcm: 'pcm', 'aac ': 'aac', samr: 'amr', '.mp3': 'mp3' }
/** Of the packets' numbers that stand at the beginning of `data`. */
const EDIT_COUNT_BYTES = 4
const UNKNOWN = 0xffffffff

export function readCaf(bytes: Uint8Array): AudioFacts | null {
  const view = viewBytes(bytes)
  if (view.ascii(0, 4) !== 'caff') return null
  let format: {
    sampleRate: number
    codec: string
    packetBytes: number
    packetFrames: number
    channels: number
  } | null = null
  let frames: number | null = null
  let dataBytes: number | null = null
  let complete = true
  for (let at = 8; view.has(at, 12); ) {
    view.countPart()
    const name = view.ascii(at, 4)
    const start = at + 12
    const isOpen = name === 'data' && view.u32be(at + 4) === UNKNOWN && view.u32be(at + 8) === UNKNOWN
    const length = isOpen ? view.length - start : view.u64be(at + 4)
    complete &&= start + length <= view.length
    if (name === 'desc' && view.has(start, 32)) {
      const codec = view.ascii(start + 8, 4)
      format = {
        sampleRate: view.f64be(start),
        codec: CODECS[codec] ?? codec.trim(),
        packetBytes: view.u32be(start + 16),
        packetFrames: view.u32be(start + 20),
        channels: view.u32be(start + 24),
      }
    }
    if (name === 'pakt' && view.has(start, 24)) frames = view.u64be(start + 8)
    if (name === 'data') dataBytes = Math.max(0, Math.min(length, view.length - start) - EDIT_COUNT_BYTES)
    at = start + length
  }
  if (format === null || !(format.sampleRate > 0)) return null
  if (dataBytes === null) complete = false
  const { packetBytes, packetFrames, sampleRate, codec, channels } = format
  const counted = packetBytes > 0 ? Math.floor((dataBytes ?? 0) / packetBytes) * packetFrames : null
  const length = frames ?? counted
  // Packets of different sizes without their table cannot be told apart.
  if (length === null) return null
  return { codec, sampleRate, channels, duration: length / sampleRate, video: false, complete }
}
