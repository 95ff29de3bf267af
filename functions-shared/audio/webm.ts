/**
 * WebM: EBML elements `<id> <size> <content>` (RFC 8794, RFC 9559).
 *
 *     Segment ▸ Info       clock, and the duration if the recorder knew it
 *             ▸ Tracks     codec, sample rate
 *             ▸ Cluster    a time, and blocks with times relative to it
 *
 * Browsers record without a duration and with elements of unknown size. The duration then follows from the last block.
 */

import type { AudioFacts } from './audio-facts.ts'
import { type ByteView, viewBytes } from './bytes.ts'

const ID = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  codecId: 0x86,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
} as const

/** Elements whose content is read. All others are skipped. */
const ENTERED: readonly number[] = [ID.segment, ID.info, ID.tracks, ID.audio, ID.cluster, ID.blockGroup]
const PICTURES = 1
const SOUND = 2
/** Tracks of one file. A film has a few. */
const MAX_TRACKS = 64
const CODECS: Readonly<Record<string, string>> = { A_OPUS: 'opus', A_VORBIS: 'vorbis' }

interface Track {
  number: number
  type: number
  codec: string
  sampleRate: number | null
  channels: number
}

interface Element {
  id: number
  start: number
  /** Null for an unknown size. */
  size: number | null
}

export function readWebm(bytes: Uint8Array): AudioFacts | null {
  const view = viewBytes(bytes)
  const tracks: Track[] = []
  /** Nanoseconds of one unit of time. */
  let scale = 1_000_000
  let announced = 0
  let cluster = 0
  let last: { time: number; seconds: number } | null = null
  let complete = true
  for (let at = 0; at < view.length; ) {
    view.countPart()
    const element = readElement(view, at)
    if (element === null) {
      complete = false
      break
    }
    const { id, start, size } = element
    const track = tracks.at(-1)
    if (size !== null && !view.has(start, size)) complete = false
    if (size === null || ENTERED.includes(id) || id === ID.trackEntry) {
      if (id === ID.trackEntry) {
        if (tracks.length === MAX_TRACKS) return null
        tracks.push({ number: 0, type: 0, codec: 'unknown', sampleRate: null, channels: 1 })
      }
      at = start
      continue
    }
    if (!view.has(start, size)) break
    if (id === ID.timestampScale) scale = unsigned(view, start, size) || scale
    else if (id === ID.duration) announced = float(view, start, size)
    else if (id === ID.timestamp) cluster = unsigned(view, start, size)
    else if (id === ID.simpleBlock || id === ID.block) {
      const found = readBlock(view, start, size, tracks)
      if (found !== null && (last === null || cluster + found.time >= last.time)) {
        last = { time: cluster + found.time, seconds: found.seconds }
      }
    } else if (track !== undefined) describeTrack(track, view, element, size)
    at = start + size
  }
  const sound = tracks.find(({ type }) => type === SOUND)
  if (sound === undefined) return null
  const counted = last === null ? 0 : (last.time * scale) / 1e9 + last.seconds
  const { codec, sampleRate, channels } = sound
  return {
    codec,
    sampleRate,
    channels,
    duration: announced > 0 ? (announced * scale) / 1e9 : counted,
    video: tracks.some(({ type }) => type === PICTURES),
    complete,
  }
}

function readElement(view: ByteView, at: number): Element | null {
  const id = readVint(view, at, false)
  if (id === null) return null
  const size = readVint(view, at + id.width, true)
  if (size === null) return null
  const unknown = size.value === 2 ** (7 * size.width) - 1
  return { id: id.value, start: at + id.width + size.width, size: unknown ? null : size.value }
}

/** A number of variable length: the leading zeros of its first byte say how many bytes it has. */
function readVint(view: ByteView, at: number, masked: boolean): { value: number; width: number } | null {
  if (!view.has(at, 1)) return null
  const first = view.u8(at)
  const width = Math.clz32(first) - 23
  if (width > 8 || !view.has(at, width)) return null
  let value = masked ? first & (0xff >> width) : first
  for (let index = 1; index < width; index += 1) value = value * 0x100 + view.u8(at + index)
  return { value, width }
}

function unsigned(view: ByteView, at: number, size: number): number {
  let value = 0
  for (let index = 0; index < Math.min(size, 8); index += 1) value = value * 0x100 + view.u8(at + index)
  return value
}

function float(view: ByteView, at: number, size: number): number {
  const value = size === 4 ? view.f32be(at) : size === 8 ? view.f64be(at) : 0
  return Number.isFinite(value) ? value : 0
}

function describeTrack(track: Track, view: ByteView, { id, start }: Element, size: number): void {
  if (id === ID.trackNumber) track.number = unsigned(view, start, size)
  else if (id === ID.trackType) track.type = unsigned(view, start, size)
  else if (id === ID.channels) track.channels = unsigned(view, start, size)
  else if (id === ID.samplingFrequency) track.sampleRate = Math.round(float(view, start, size)) || null
  else if (id === ID.codecId) {
    const name = view.ascii(start, Math.min(size, 64)).replace(/\0+$/, '')
    track.codec = CODECS[name] ?? name
  }
}

/** Time relative to the cluster, and seconds of audio; null for blocks of other tracks. */
function readBlock(
  view: ByteView,
  at: number,
  size: number,
  tracks: readonly Track[],
): { time: number; seconds: number } | null {
  const number = readVint(view, at, true)
  if (number === null || number.width + 3 > size) return null
  const track = tracks.find((entry) => entry.number === number.value)
  if (track?.type !== SOUND) return null
  const unsignedTime = view.u16be(at + number.width)
  const time = unsignedTime >= 0x8000 ? unsignedTime - 0x10000 : unsignedTime
  const data = at + number.width + 3
  const seconds = track.codec === 'opus' && data < at + size ? opusSeconds(view, data, at + size) : 0
  return { time, seconds }
}

/** Duration of an Opus packet, by its first bytes (RFC 6716, section 3.1). */
function opusSeconds(view: ByteView, at: number, end: number): number {
  const toc = view.u8(at)
  const config = toc >> 3
  const frameMs =
    config < 12
      ? ([10, 20, 40, 60][config % 4] ?? 0)
      : config < 16
        ? ([10, 20][config % 2] ?? 0)
        : ([2.5, 5, 10, 20][config % 4] ?? 0)
  const code = toc & 3
  const frames = code === 0 ? 1 : code < 3 ? 2 : at + 1 < end ? view.u8(at + 1) & 0x3f : 0
  return (frames * frameMs) / 1000
}
