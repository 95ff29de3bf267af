/** One voice note: the recording to listen to, and its transcript. */

import './voice-note.css'
import { useEffect, useRef, useState } from 'preact/hooks'
import { plural } from '../../shared/format.ts'
import { Button } from '../../ui/button.tsx'
import { useDashboard } from '../dashboard-context.ts'
import type { IncidentDocument, Transcription } from '../records.ts'
import { DownloadOriginal } from './download-original.tsx'
import { EXTRA_ICONS } from './extra-icons.ts'
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
  const { repository, complain } = useDashboard()
  const { id, originalPath } = document
  const title = document.label ?? document.fileName ?? 'Voice note'
  const job = transcription?.job ?? document.job
  const audio = useRef<HTMLAudioElement>(null)
  /** Seconds at which the player begins when its recording has been opened. */
  const startAt = useRef<number | null>(null)
  /** Null until the user listens: the custody log tells who opened an original. */
  const [url, setUrl] = useState<string | null>(null)
  /** Seconds into the recording; null while nothing is played. */
  const [playedAt, setPlayedAt] = useState<number | null>(null)
  const linked = useLinked<HTMLLIElement>({ documents: id, transcriptions: transcription?.id })

  async function playFrom(seconds: number): Promise<void> {
    try {
      if (url === null) setUrl(await repository.signOriginal(document, null))
    } catch {
      complain('The recording could not be opened', 'The server did not answer. Try again in a moment.')
    }
    startAt.current = seconds
    start()
  }

  /** Plays from where the user asked for, once the player is there. */
  function start(): void {
    if (audio.current === null || startAt.current === null) return
    audio.current.currentTime = startAt.current
    startAt.current = null
    audio.current.play().catch(() => {
      // The browser cannot play the format; the original can be downloaded.
    })
  }
  // The player is there once the URL is.
  useEffect(start)

  return (
    <li ref={linked.ref} class={`voice ${linked.class}`} data-document-id={id}>
      <RowHead title={title} job={job} facts={factsOf(transcription)}>
        <DownloadOriginal document={document} title={title} download={download} />
      </RowHead>
      <JobBar job={job} title={title} line />
      {originalPath !== null && url === null && (
        <Button class="voice__listen" icon={EXTRA_ICONS.play} onClick={() => void playFrom(0)}>
          Listen
        </Button>
      )}
      {url !== null && (
        // biome-ignore lint/a11y/useMediaCaption: the transcript stands below
        <audio
          ref={audio}
          class="voice__audio"
          controls
          preload="none"
          aria-label={`Listen to ${title}`}
          src={url}
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
          playFrom={(seconds) => void playFrom(seconds)}
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
