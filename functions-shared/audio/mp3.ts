/**
 * MP3: a sequence of frames, each with its length in its header. Tags may stand before and after them. No header has a
 * reliable duration of the whole file, so the frames are counted.
 */

import type { AudioFacts } from './audio-facts.ts'
import { type ByteView, viewBytes } from './bytes.ts'
import { type Mp3Frame, readMp3Frame } from './mp3-frame.ts'

/** Bytes that are skipped to find the next frame. A file with a longer gap is taken to end there. */
const MAX_GARBAGE = 64 * 1024

export function readMp3(bytes: Uint8Array): AudioFacts | null {
  const view = viewBytes(bytes)
  let first: Mp3Frame | null = null
  let announced = 0
  let frames = 0
  let seconds = 0
  let garbage = 0
  for (let at = tagSize(view); garbage <= MAX_GARBAGE && view.has(at, 4); ) {
    const frame = readMp3Frame(bytes, at)
    if (frame === null || !belongs(bytes, at, frame, first)) {
      at += 1
      garbage += 1
      continue
    }
    garbage = 0
    view.countPart()
    // Recorders often cut the last frame. It would have 26 ms.
    if (!view.has(at, frame.size)) break
    const count = first === null ? announcedFrames(view, at, frame) : null
    first ??= frame
    if (count === null) {
      frames += 1
      seconds += frame.samples / frame.sampleRate
    } else {
      announced = count
    }
    at += frame.size
  }
  if (first === null || frames === 0) return null
  const { sampleRate, channels } = first
  return {
    codec: 'mp3',
    sampleRate,
    channels,
    duration: seconds,
    video: false,
    complete: frames + 1 >= announced,
  }
}

/** Bytes of the ID3v2 tag at the beginning. Its size field has seven bits per byte. */
function tagSize(view: ByteView): number {
  if (!view.has(0, 10) || view.ascii(0, 3) !== 'ID3') return 0
  const size = [6, 7, 8, 9].reduce((sum, at) => sum * 128 + (view.u8(at) & 0x7f), 0)
  const footer = view.u8(5) & 0x10 ? 10 : 0
  return 10 + size + footer
}

/** The first frame must be followed by a second one. Later frames must have the sample rate of the first. */
function belongs(bytes: Uint8Array, at: number, frame: Mp3Frame, first: Mp3Frame | null): boolean {
  if (first !== null) return frame.sampleRate === first.sampleRate
  const next = at + frame.size
  return next === bytes.length || readMp3Frame(bytes, next)?.sampleRate === frame.sampleRate
}

/** The number of frames that encoders write into a first, silent frame; null for an ordinary frame. */
function announcedFrames(view: ByteView, at: number, { size, sideInformation }: Mp3Frame): number | null {
  const start = at + 4 + sideInformation
  if (start + 12 > at + size || !['Xing', 'Info'].includes(view.ascii(start, 4))) return null
  const hasCount = (view.u32be(start + 4) & 1) === 1
  return hasCount ? view.u32be(start + 8) : 0
}
