/**
 * What an audio file says of itself, read from its structure without decoding: length, codec, sample rate, and
 * whether it is all there. Bounded work for any bytes: one pass, no allocation that depends on what a header claims.
 */

import type { AudioType } from '../file-type.ts'
import { TooManyParts } from './bytes.ts'
import { readFlac } from './flac.ts'
import { readMp3 } from './mp3.ts'
import { readMp4 } from './mp4.ts'
import { readOgg } from './ogg.ts'
import { readWav } from './wav.ts'
import { readWebm } from './webm.ts'

export interface AudioFacts {
  /**
   * E.g. `pcm`, `mp3`, `aac`, `opus`, `vorbis`; where it is none of those that are known, the container's own name of
   * at most 32 visible ASCII characters, or `unknown`.
   */
  codec: string
  /** Hertz; null where the file does not say. */
  sampleRate: number | null
  /** Null where the file does not say, or not reliably. */
  channels: number | null
  /** Seconds of what is there; 0 where there is nothing to hear. */
  duration: number
  /** Whether there are pictures as well: a film, not a voice note. */
  video: boolean
  /** False where the structure announces more than the file has. */
  complete: boolean
}

const READERS: Record<AudioType, (bytes: Uint8Array) => AudioFacts | null> = {
  wav: readWav,
  mp3: readMp3,
  m4a: readMp4,
  mp4: readMp4,
  ogg: readOgg,
  webm: readWebm,
  flac: readFlac,
}

/** Null where there is no audio in the container, or it makes no sense. */
export function readAudioFacts(bytes: Uint8Array, type: AudioType): AudioFacts | null {
  try {
    const facts = READERS[type](bytes)
    return facts === null ? null : sensible(facts)
  } catch (error) {
    if (error instanceof TooManyParts) return null
    throw error
  }
}

/** A file may claim anything: names that are none, rates below zero, and times before its beginning. */
function sensible(facts: AudioFacts): AudioFacts {
  const { codec, duration, sampleRate } = facts
  return {
    ...facts,
    sampleRate: sampleRate !== null && sampleRate > 0 ? sampleRate : null,
    codec: /^[\x21-\x7e]{1,32}$/.test(codec) ? codec : 'unknown',
    duration: Number.isNaN(duration) ? 0 : Math.max(0, duration),
  }
}
