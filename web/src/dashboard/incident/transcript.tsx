/** The text of a voice note, as it is recognised; in segments that can be played from, where the provider gives times. */

import './transcript.css'
import type { Transcription } from '../records.ts'
import { mediaTime } from './media-time.ts'

export interface TranscriptProps {
  transcription: Transcription
  /** The text is still being recognised. */
  isArriving: boolean
  /** Seconds into the recording; null while nothing is played. */
  playedAt: number | null
  playFrom(seconds: number): void
}

export function Transcript({ transcription, isArriving, playedAt, playFrom }: TranscriptProps) {
  const { text, segments } = transcription
  if (text === null && segments.length === 0) return null
  const current = playedAt === null ? -1 : segments.findLastIndex(({ start }) => start <= playedAt)
  return (
    <div class={isArriving ? 'voice__text is-arriving' : 'voice__text'} aria-busy={isArriving}>
      {segments.length === 0 && <p>{text}</p>}
      {segments.map(({ start, text: said }, index) => (
        <p key={`${start} ${said}`} class={index === current ? 'segment is-current' : 'segment'}>
          <button
            type="button"
            class="segment__time"
            aria-label={`Play from ${mediaTime(start)}`}
            onClick={() => playFrom(start)}
          >
            {mediaTime(start)}
          </button>
          <span>{said}</span>
        </p>
      ))}
    </div>
  )
}
