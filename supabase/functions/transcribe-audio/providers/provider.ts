/** What transcribes: one module in this folder for each kind of service. See docs/transcription.md for adding one. */

import type { AudioFacts } from '../../../../functions-shared/audio/facts.ts'

export interface TranscriptionProvider {
  /** Name of its module; stored with the transcript. */
  readonly name: string
  readonly model: string
  readonly limits: {
    /** Bytes of one recording. */
    readonly maxBytes: number
  }
  /**
   * @throws AppError `provider_refused`, `provider_rejected_audio`, `provider_quota_exceeded` (final);
   * `provider_rate_limited`, `provider_unavailable`, `provider_timeout`, `provider_answer_invalid` (may pass;
   * `details.retryAfterMs` where the service said when); the reason of `signal`.
   */
  transcribe(audio: Recording, options: TranscribeOptions): Promise<Transcript>
}

export interface Recording {
  /** All of it, or, where that is much, how to read it piece by piece, as often as it is needed. */
  content: Uint8Array<ArrayBuffer> | ((signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>)
  /** Bytes. */
  size: number
  contentType: string
  /** Without the dot; services look at the extension of a file's name. */
  extension: string
  facts: AudioFacts
}

export interface TranscribeOptions {
  signal: AbortSignal
  /** Called with all of the text so far, as often as there is more. */
  onText: (soFar: string) => void
}

export interface Transcript {
  text: string
  /** BCP 47 tag, where the service tells. */
  language: string | null
  /** Seconds of audio, where the service tells. */
  duration: number | null
  segments: Segment[]
  words: Word[]
  /** No speech was recognised: a stand-in wrote the text, which says so. */
  simulated: boolean
}

/** Seconds. */
export interface Segment {
  start: number
  end: number
  text: string
}

export interface Word {
  start: number
  end: number
  word: string
}
