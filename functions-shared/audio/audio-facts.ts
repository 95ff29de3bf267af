/** What the structure of an audio file says about it. */

export interface AudioFacts {
  /**
   * E.g. `pcm`, `mp3`, `aac`, `opus`, `vorbis`. For other codecs the container's own name, at most 32 visible ASCII
   * characters, or `unknown`.
   */
  codec: string
  /** Hertz; null where the file does not say. */
  sampleRate: number | null
  /** Null where the file does not say, or not reliably. */
  channels: number | null
  /** Duration in seconds; 0 for a file without audio frames. */
  duration: number
  /** True for a film, which has pictures beside the sound. */
  video: boolean
  /** False where the structure announces more bytes than the file has. */
  complete: boolean
}
