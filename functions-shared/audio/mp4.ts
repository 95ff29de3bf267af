/**
 * MP4 (M4A) and QuickTime: boxes within boxes, `<size> <name> <content>` (ISO/IEC 14496-12).
 *
 *     moov ▸ mvhd              duration of the file
 *          ▸ trak ▸ mdia       hdlr `soun`: the audio track; mdhd: its clock; stsd: its codec
 *          ▸ mvex ▸ trex       default duration of a sample in fragments
 *     moof ▸ traf ▸ trun       a fragment: browsers record so, because they do not know the duration at the beginning
 *     mdat                     the audio data
 */

import type { AudioFacts } from './audio-facts.ts'
import { type ByteView, viewBytes } from './bytes.ts'

interface Box {
  name: string
  start: number
  end: number
  /** False where the box announces more bytes than the box around it has. */
  whole: boolean
}

interface Track {
  id: number
  timescale: number
  duration: number
  codec: string
  sampleRate: number
}

/** Codecs by the name of the sample entry. Other codecs keep the name of their entry. */
const CODECS: Readonly<Record<string, string>> = {
  mp4a: 'aac',
  Opus: 'opus',
  samr: 'amr',
  sawb: 'amr',
  // QuickTime.
  lpcm: 'pcm',
  sowt: 'pcm',
  twos: 'pcm',
  in24: 'pcm',
  in32: 'pcm',
  fl32: 'pcm',
  '.mp3': 'mp3',
}

/** Facts of a file without `moov`. */
const NOTHING = { codec: 'unknown', sampleRate: null, channels: null, duration: 0 } as const

export function readMp4(bytes: Uint8Array): AudioFacts | null {
  const view = viewBytes(bytes)
  let track: Track | null = null
  let length = 0
  let fragmentSample = 0
  let fragments = 0
  let data = false
  let video = false
  let complete = true
  for (const box of boxes(view, 0, view.length)) {
    complete &&= box.whole
    if (box.name === 'mdat') data ||= box.end > box.start
    if (box.name === 'moov' && track === null) {
      track = soundTrack(view, box)
      video = trackOf(view, box, 'vide') !== null
      length = movieLength(view, box)
      fragmentSample = defaultSample(view, box, track?.id)
    }
    if (box.name === 'moof' && track !== null)
      fragments += fragmentLength(view, box, track.id, fragmentSample)
  }
  // Without moov no player can play the file. In a truncated file moov may have been in the missing part.
  if (track === null) return complete ? null : { ...NOTHING, video, complete }
  const duration = length || (track.duration + fragments) / track.timescale
  const { codec, sampleRate } = track
  // Encoders write 2 as the number of channels whatever it is, as the first edition of the standard required.
  return {
    codec,
    channels: null,
    sampleRate: sampleRate || null,
    duration,
    video,
    complete: complete && (data || duration === 0),
  }
}

/** Null for a file without a track of pictures. */
export function readMp4Film(bytes: Uint8Array): { duration: number; sound: boolean } | null {
  const view = viewBytes(bytes)
  for (const box of boxes(view, 0, view.length)) {
    if (box.name !== 'moov' || trackOf(view, box, 'vide') === null) continue
    return { duration: movieLength(view, box), sound: trackOf(view, box, 'soun') !== null }
  }
  return null
}

function* boxes(view: ByteView, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to; ) {
    view.countPart()
    const size = view.u32be(at)
    const large = size === 1 && at + 16 <= to
    const header = large ? 16 : 8
    // Size 0: the box reaches to the end.
    const announced = large ? view.u64be(at + 8) : size === 0 ? to - at : size
    if (announced < header) return
    const end = Math.min(to, at + announced)
    yield { name: view.ascii(at + 4, 4), start: at + header, end, whole: at + announced <= to }
    at += announced
  }
}

function find(view: ByteView, within: Box, ...path: readonly string[]): Box | null {
  let box: Box | null = within
  for (const name of path) box = box === null ? null : child(view, box, name)
  return box
}

function child(view: ByteView, within: Box, name: string): Box | null {
  for (const box of boxes(view, within.start, within.end)) if (box.name === name) return box
  return null
}

const holds = (box: Box | null, count: number): box is Box => box !== null && box.start + count <= box.end

/** The first track of a kind: `soun` or `vide`. */
function trackOf(view: ByteView, moov: Box, kind: string): Box | null {
  for (const trak of boxes(view, moov.start, moov.end)) {
    const handler = trak.name === 'trak' ? find(view, trak, 'mdia', 'hdlr') : null
    if (holds(handler, 12) && view.ascii(handler.start + 8, 4) === kind) return trak
  }
  return null
}

function soundTrack(view: ByteView, moov: Box): Track | null {
  const trak = trackOf(view, moov, 'soun')
  if (trak === null) return null
  const clock = readClock(view, find(view, trak, 'mdia', 'mdhd'))
  const entry = find(view, trak, 'mdia', 'minf', 'stbl', 'stsd')
  const header = find(view, trak, 'tkhd')
  if (clock === null || clock.timescale === 0 || !holds(entry, 8 + 36) || !holds(header, 24)) return null
  const name = view.ascii(entry.start + 12, 4)
  return {
    ...clock,
    id: view.u32be(header.start + (view.u8(header.start) === 1 ? 20 : 12)),
    codec: CODECS[name] ?? name.trim(),
    sampleRate: sampleRateOf(view, entry),
  }
}

/** 16.16 fixed point. QuickTime's second version of the entry has 1 there, and the rate as a float behind the length. */
function sampleRateOf(view: ByteView, entry: Box): number {
  const version = view.u16be(entry.start + 8 + 16)
  const wide = entry.start + 8 + 40
  if (version === 2 && wide + 8 <= entry.end) return view.f64be(wide)
  return view.u16be(entry.start + 8 + 32)
}

/** The clock of `mvhd` or `mdhd`, which begin alike. Version 1 has 64-bit times. */
function readClock(view: ByteView, box: Box | null): { timescale: number; duration: number } | null {
  if (!holds(box, 20)) return null
  const long = view.u8(box.start) === 1
  if (long && !holds(box, 32)) return null
  const at = box.start + (long ? 20 : 12)
  const duration = long ? view.u64be(at + 4) : view.u32be(at + 4)
  // All bits set: unknown.
  return { timescale: view.u32be(at), duration: duration >= (long ? 2 ** 64 : 0xffffffff) ? 0 : duration }
}

/** Seconds; 0 where the recorder did not know the duration when it wrote the header. */
function movieLength(view: ByteView, moov: Box): number {
  const clock = readClock(view, find(view, moov, 'mvhd'))
  return clock === null || clock.timescale === 0 ? 0 : clock.duration / clock.timescale
}

function defaultSample(view: ByteView, moov: Box, trackId: number | undefined): number {
  const extends_ = find(view, moov, 'mvex')
  if (extends_ === null) return 0
  for (const box of boxes(view, extends_.start, extends_.end)) {
    if (box.name === 'trex' && holds(box, 16) && view.u32be(box.start + 4) === trackId)
      return view.u32be(box.start + 12)
  }
  return 0
}

/** Duration in units of the track's clock. */
function fragmentLength(view: ByteView, moof: Box, trackId: number, fallback: number): number {
  let length = 0
  for (const traf of boxes(view, moof.start, moof.end)) {
    const header = traf.name === 'traf' ? find(view, traf, 'tfhd') : null
    if (!holds(header, 8) || view.u32be(header.start + 4) !== trackId) continue
    const sample = sampleOf(view, header, fallback)
    for (const run of boxes(view, traf.start, traf.end)) {
      if (run.name === 'trun' && holds(run, 8)) length += runLength(view, run, sample)
    }
  }
  return length
}

/** Default duration of a sample. The flags of `tfhd` say which optional fields stand before it. */
function sampleOf(view: ByteView, header: Box, fallback: number): number {
  const flags = view.u24be(header.start + 1)
  if ((flags & 0x8) === 0) return fallback
  const at = header.start + 8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0)
  return at + 4 <= header.end ? view.u32be(at) : fallback
}

function runLength(view: ByteView, run: Box, sample: number): number {
  const flags = view.u24be(run.start + 1)
  const count = view.u32be(run.start + 4)
  if ((flags & 0x100) === 0) return count * sample
  const width = [0x100, 0x200, 0x400, 0x800].reduce((sum, flag) => sum + (flags & flag ? 4 : 0), 0)
  const first = run.start + 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0)
  let length = 0
  for (let index = 0; index < count && first + (index + 1) * width <= run.end; index += 1) {
    length += view.u32be(first + index * width)
  }
  return length
}
