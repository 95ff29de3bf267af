/**
 * Ogg: a sequence of pages, `OggS`, each with the position that its stream has reached (RFC 3533). The first packet names
 * the codec, and the last position is the duration (RFC 7845 for Opus).
 */

import type { AudioFacts } from './audio-facts.ts'
import { type ByteView, viewBytes } from './bytes.ts'

interface Stream {
  serial: number
  codec: string
  sampleRate: number
  channels: number
  /** Positions per second; 48,000 for Opus at any sample rate. */
  rate: number
  /** Positions at the beginning that are not played. */
  skip: number
}

const HEADER = 27
/** The position -1 as an unsigned number: no packet ends on this page. */
const NO_POSITION = 2 ** 64

export function readOgg(bytes: Uint8Array): AudioFacts | null {
  const view = viewBytes(bytes)
  let stream: Stream | null = null
  let position = 0
  let complete = true
  for (let at = 0; at < view.length; ) {
    view.countPart()
    const size = pageSize(view, at)
    if (size === null || !view.has(at, size)) {
      complete = false
      break
    }
    const serial = view.u32le(at + 14)
    stream ??= readHeader(view, at + HEADER + view.u8(at + 26), serial)
    const reached = view.u64le(at + 6)
    if (stream?.serial === serial && reached < NO_POSITION) position = Math.max(position, reached)
    at += size
  }
  if (stream === null) return null
  const { codec, sampleRate, channels, rate, skip } = stream
  return {
    codec,
    sampleRate,
    channels,
    duration: Math.max(0, position - skip) / rate,
    video: false,
    complete,
  }
}

/** Null where there is no page, or its header is truncated. */
function pageSize(view: ByteView, at: number): number | null {
  if (!view.has(at, HEADER) || view.ascii(at, 4) !== 'OggS') return null
  const segments = view.u8(at + 26)
  if (!view.has(at + HEADER, segments)) return null
  let size = HEADER + segments
  for (let index = 0; index < segments; index += 1) size += view.u8(at + HEADER + index)
  return size
}

function readHeader(view: ByteView, at: number, serial: number): Stream | null {
  if (view.has(at, 19) && view.ascii(at, 8) === 'OpusHead') {
    const sampleRate = view.u32le(at + 12) || 48_000
    return {
      serial,
      codec: 'opus',
      sampleRate,
      channels: view.u8(at + 9),
      rate: 48_000,
      skip: view.u16le(at + 10),
    }
  }
  if (view.has(at, 30) && view.ascii(at, 7) === '\x01vorbis') {
    const sampleRate = view.u32le(at + 12)
    if (sampleRate === 0) return null
    return { serial, codec: 'vorbis', sampleRate, channels: view.u8(at + 11), rate: sampleRate, skip: 0 }
  }
  return null
}
