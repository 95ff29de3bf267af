/** One voice note: the recording to listen to, and its transcript. */

import './voice-note.css'
import { useRef, useState } from 'preact/hooks'
import { plural } from '../../shared/format.ts'
import { useDashboard } from '../dashboard-context.ts'
import type { IncidentDocument, Transcription } from '../records.ts'
import { DownloadOriginal } from './download-original.tsx'
import { JobBar } from './job-bar.tsx'
import { JobFailure } from './job-failure.tsx'
import { mediaTime } from './media-time.ts'
import { RowHead } from './row-head.tsx'
import { Transcript } from './transcript.tsx'
import { useLinked } from './use-linked.ts'

export interface VoiceNoteProps {
  document: IncidentDocument
  transcription: Transcription | null
  download(document: IncidentDocument): void
}

export function VoiceNote({ document, transcription, download }: VoiceNoteProps) {
  const { state, store } = useDashboard()
  const { id, originalPath } = document
  const title = document.fileName ?? 'Voice note'
  const job = transcription?.job ?? document.job
  const audio = useRef<HTMLAudioElement>(null)
  /** A URL that is signed anew would stop what is being played. */
  const url = useRef<string | null>(null)
  /** Seconds into the recording; null while nothing is played. */
  const [playedAt, setPlayedAt] = useState<number | null>(null)
  const linked = useLinked<HTMLLIElement>({ documents: id, transcriptions: transcription?.id })
  // The URLs of the store change with its state.
  if (state.value && originalPath !== null)
    url.current ??= store.urlOf({ bucket: 'originals', path: originalPath })

  function playFrom(seconds: number): void {
    if (audio.current === null) return
    audio.current.currentTime = seconds
    audio.current.play().catch(() => {
      // The browser cannot play the format; the original can be downloaded.
    })
  }

  return (
    <li ref={linked.ref} class={`voice ${linked.class}`} data-document-id={id}>
      <RowHead title={title} job={job} facts={factsOf(transcription)}>
        <DownloadOriginal document={document} title={title} download={download} />
      </RowHead>
      <JobBar job={job} title={title} line />
      {originalPath !== null && (
        // biome-ignore lint/a11y/useMediaCaption: the transcript stands below
        <audio
          ref={audio}
          class="voice__audio"
          controls
          preload="none"
          aria-label={`Listen to ${title}`}
          src={url.current ?? undefined}
          onTimeUpdate={({ currentTarget: { paused, currentTime } }) =>
            setPlayedAt(paused ? null : currentTime)
          }
        />
      )}
      {transcription?.simulated === true && (
        <p class="voice__simulated">
          <strong>Simulated.</strong> No speech was recognised: this stack has no transcription provider, and
          a stand-in wrote the text.
        </p>
      )}
      {transcription !== null && (
        <Transcript
          transcription={transcription}
          isArriving={job?.status === 'processing'}
          playedAt={playedAt}
          playFrom={playFrom}
        />
      )}
      <JobFailure job={job} title={title} />
    </li>
  )
}

function factsOf(transcription: Transcription | null): (string | null)[] {
  if (transcription === null) return []
  const { duration, wordCount, language, provider, simulated } = transcription
  return [
    duration === null ? null : mediaTime(duration),
    wordCount === null ? null : plural(wordCount, 'word'),
    language,
    simulated ? null : provider,
  ]
}
