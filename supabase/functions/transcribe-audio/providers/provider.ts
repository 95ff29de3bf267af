/** A service that transcribes. Each kind of service has a module in this folder; docs/transcription.md says how to add one. */

import type { AudioFacts } from '../../../../functions-shared/audio/audio-facts.ts'

export interface TranscriptionProvider {
  /** Name of the module; stored with the transcript. */
  readonly name: string
  readonly model: string
  readonly limits: {
    /** Bytes of one recording. */
    readonly maxBytes: number
  }
  /**
   * @throws AppError `provider_refused`, `provider_rejected_audio`, `provider_quota_exceeded` (final);
   * `provider_rate_limited`, `provider_unavailable`, `provider_timeout`, `provider_answer_invalid` (retryable, with
   * `details.retryAfterMs` where the service asked for a wait); the reason of `signal`.
   */
  transcribe(audio: Recording, options: TranscribeOptions): Promise<Transcript>
}

export interface Recording {
  /** The bytes of a small recording; of a large one a function that opens a stream, each time it is called. */
  content: Uint8Array<ArrayBuffer> | ((signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>)
  /** Bytes. */
  size: number
  contentType: string
  /** Without the dot. Services look at the extension of the file's name. */
  extension: string
  facts: AudioFacts
}

export interface TranscribeOptions {
  signal: AbortSignal
  /** Called with the whole text so far each time it has grown. */
  onText: (soFar: string) => void
}

export interface Transcript {
  text: string
  /** BCP 47 tag; null where the service gives none. */
  language: string | null
  /** Seconds of audio; null where the service gives none. */
  duration: number | null
  segments: Segment[]
  words: Word[]
  /** True for a text of the stand-in, which recognises nothing; the text says so. */
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
