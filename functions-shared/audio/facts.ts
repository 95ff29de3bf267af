/**
 * Reads duration, codec, sample rate and completeness of an audio file from its structure, without decoding it. The work
 * is bounded for any bytes: one pass, at most a million parts, and no allocation whose size a header decides.
 * docs/adr/0007-own-code.md says why no library does this.
 */

import type { AudioType } from '../file-type.ts'
import { readAmr } from './amr.ts'
import type { AudioFacts } from './audio-facts.ts'
import { TooManyParts } from './bytes.ts'
import { readCaf } from './caf.ts'
import { readFlac } from './flac.ts'
import { readMp3 } from './mp3.ts'
import { readMp4, readMp4Film } from './mp4.ts'
import { readOgg } from './ogg.ts'
import { readWav } from './wav.ts'
import { readWebm } from './webm.ts'

const READERS: Record<AudioType, (bytes: Uint8Array) => AudioFacts | null> = {
  wav: readWav,
  mp3: readMp3,
  m4a: readMp4,
  mp4: readMp4,
  mov: readMp4,
  ogg: readOgg,
  webm: readWebm,
  flac: readFlac,
  amr: readAmr,
  caf: readCaf,
}

/** Null for a container without audio, or with a structure that cannot be read. */
export function readAudioFacts(bytes: Uint8Array, type: AudioType): AudioFacts | null {
  try {
    const facts = READERS[type](bytes)
    return facts === null ? null : plausible(facts)
  } catch (error) {
    if (error instanceof TooManyParts) return null
    throw error
  }
}

export interface FilmFacts {
  /** Seconds; 0 where the file does not say. */
  duration: number
  /** Whether the film has sound. */
  sound: boolean
}

/** Null for what is no film: a recording, and any file whose structure cannot be read. */
export function readFilmFacts(bytes: Uint8Array, type: AudioType): FilmFacts | null {
  try {
    if (type === 'mp4' || type === 'm4a' || type === 'mov') return readMp4Film(bytes)
    const facts = readAudioFacts(bytes, type)
    return facts?.video ? { duration: facts.duration, sound: true } : null
  } catch (error) {
    if (error instanceof TooManyParts) return null
    throw error
  }
}

/** Replaces impossible claims of a file: unprintable codec names, negative sample rates and durations. */
function plausible(facts: AudioFacts): AudioFacts {
  const { codec, duration, sampleRate } = facts
  return {
    ...facts,
    sampleRate: sampleRate !== null && sampleRate > 0 ? sampleRate : null,
    codec: /^[\x21-\x7e]{1,32}$/.test(codec) ? codec : 'unknown',
    duration: Number.isNaN(duration) ? 0 : Math.max(0, duration),
  }
}
