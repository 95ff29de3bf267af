/**
 * The work of one transcription job, from the voice note's row to a transcript.
 *
 *   keep the original ─▶ check it ─▶ recognise (text so far is told on the way) ─▶ store ─▶ done
 *
 * Any step may be the worker's last. The next one finds the original kept, and a stored transcript is not made
 * again: only the recognition itself starts over. Each write needs the lease.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { readAudioFacts } from '../../../functions-shared/audio/facts.ts'
import { isAudioType, storedAs } from '../../../functions-shared/file-type.ts'
import type { ClaimedJob } from '../_shared/jobs.ts'
import type { Lease } from '../_shared/lease.ts'
import { type KeptOriginal, keepOriginal, type OriginalDependencies } from '../_shared/original.ts'
import { type Admission, createAdmission, type Means } from './admission.ts'
import { createLiveText } from './live-text.ts'
import type { Recording, Transcript, TranscriptionProvider } from './providers/provider.ts'
import type { TranscriptResult, Transcripts } from './transcripts.ts'
import { countWords } from './words.ts'

export interface WorkDependencies extends OriginalDependencies, Means {
  transcripts: Transcripts
  /** Null where none is configured. */
  provider: TranscriptionProvider | null
  /** Seconds of the longest recording that is sent. */
  maxSeconds: number
}

/** Percent at which each stage begins. */
const STAGES = {
  downloading: 5,
  verifying: 20,
  storing: 22,
  checking: 25,
  transcribing: 30,
  saving: 95,
} as const

/** @throws AppError with the code of what went wrong; `lease_lost` means: stop, it is no longer ours. */
export async function transcribeAudio(
  job: ClaimedJob,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<TranscriptResult> {
  const { documents, transcripts, provider } = dependencies
  const { documentId, result: stored } = await transcripts.find(job.subjectId)
  if (stored !== null) return stored
  const document = await documents.find(documentId)
  using admission = createAdmission(dependencies)
  const original = await keepOriginal(document, lease, throughAdmission(dependencies, admission), {
    isUsable: (type, bytes) => isAudioType(type) && readAudioFacts(bytes, type)?.complete === true,
    stages: STAGES,
  })

  await lease.report(STAGES.checking, 'checking')
  const recording = requireAudio(original)
  const { codec, sampleRate, channels, duration } = recording.facts
  await documents.update(document.id, {
    metadata: { codec, sampleRate, channels, duration: rounded(duration) },
  })
  requireUsable(recording, dependencies)
  if (provider === null) throw new AppError('transcription_not_configured')

  await lease.report(STAGES.transcribing, 'transcribing')
  const transcript = await recognise(job, recording, lease, provider, dependencies)

  await lease.report(STAGES.saving, 'saving')
  const result = {
    // The file itself knows better than a service that converts it first.
    duration: rounded(duration || (transcript.duration ?? 0)),
    wordCount: countWords(transcript.text),
    simulated: transcript.simulated,
  }
  await transcripts.store(job, { ...transcript, ...result, provider: provider.name, model: provider.model })
  return result
}

/** Whatever is fetched waits for room first, wherever it comes from. */
function throughAdmission(
  { documents, files, download, log }: WorkDependencies,
  admission: Admission,
): OriginalDependencies {
  return {
    documents,
    log,
    download: (...args) => admission.load(() => download(...args)),
    files: { ...files, get: (...args) => admission.load(() => files.get(...args)) },
  }
}

/** By content; what the file is called does not matter. */
function requireAudio({ type, bytes }: KeptOriginal): Recording {
  if (!isAudioType(type)) throw new AppError('not_audio')
  const facts = readAudioFacts(bytes, type)
  if (facts === null) throw new AppError('audio_undecodable')
  return { bytes, facts, ...storedAs(type) }
}

/** What can be known before the upload is not left for the service to refuse. */
function requireUsable(
  { bytes, facts }: Recording,
  { provider, maxSeconds }: Pick<WorkDependencies, 'provider' | 'maxSeconds'>,
): void {
  if (!facts.complete) throw new AppError('audio_truncated')
  if (facts.duration === 0) throw new AppError('audio_empty')
  if (facts.duration > maxSeconds) throw new AppError('audio_too_long', { details: { maxSeconds } })
  if (provider !== null && bytes.length > provider.limits.maxBytes) {
    throw new AppError('audio_too_large', { details: { maxBytes: provider.limits.maxBytes } })
  }
}

async function recognise(
  job: ClaimedJob,
  recording: Recording,
  lease: Lease,
  provider: TranscriptionProvider,
  { transcripts, log }: WorkDependencies,
): Promise<Transcript> {
  await using live = createLiveText({
    lease,
    log,
    duration: recording.facts.duration,
    from: STAGES.transcribing,
    to: STAGES.saving,
    stage: 'transcribing',
    tell: (text, percent) => transcripts.report(job, text, percent, 'transcribing'),
  })
  return await provider.transcribe(recording, { signal: lease.signal, onText: (soFar) => live.update(soFar) })
}

/** To milliseconds. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
