/**
 * The work of one transcription job, from the voice note's row to a transcript.
 *
 *   keep the original ─▶ check it ─▶ recognise (reports the text so far) ─▶ store ─▶ done
 *
 * A worker may end after any step. The next attempt finds the original kept, and does not make a stored transcript
 * again; only the recognition starts over. Each write needs the lease.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { readAudioFacts } from '../../../functions-shared/audio/facts.ts'
import { type AudioType, isAudioType, type StoredAs, storedAs } from '../../../functions-shared/file-type.ts'
import type { DocumentRow } from '../_shared/documents.ts'
import type { ClaimedJob } from '../_shared/jobs.ts'
import type { Lease } from '../_shared/lease.ts'
import type { Budget } from '../_shared/limiter.ts'
import { type KeptOriginal, keepOriginal, type OriginalDependencies } from '../_shared/original.ts'
import { type Admission, type AdmissionLimits, createAdmission } from './admission.ts'
import { createLiveText } from './live-text.ts'
import type { Recording, Transcript, TranscriptionProvider } from './providers/provider.ts'
import type { TranscriptResult, Transcripts } from './transcripts.ts'
import { countWords } from './words.ts'

export interface WorkDependencies extends OriginalDependencies, AdmissionLimits {
  /** Opens a stream of the original at a path of its bucket. @throws AppError `storage_unavailable` */
  open: (path: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>
  /** Frees the memory of a large recording that is no longer needed. Default: the garbage collector does. */
  release?: (bytes: Uint8Array<ArrayBuffer>) => void
  /** Places for large recordings that are being sent from Storage to the service. */
  sending: Budget
  transcripts: Transcripts
  /** Null where no service is configured. */
  provider: TranscriptionProvider | null
  /** Seconds of the longest recording that is sent. */
  maxSeconds: number
  /** Recordings of phones that few services take: sent where the configured one does. */
  extraFormats: ReadonlySet<AudioType>
}

/** Neither OpenAI nor most compatible services take these, and no library decodes them here. */
const EXTRA_FORMATS: readonly AudioType[] = ['amr', 'caf']

/** Percent at which each stage begins. */
const STAGES = {
  downloading: 5,
  verifying: 20,
  storing: 22,
  checking: 25,
  transcribing: 30,
  saving: 95,
} as const

/**
 * Bytes up to which a recording stays in memory until it is recognised, because many wait for the service at the same
 * time. A larger one is read from Storage while it is sent.
 */
export const MAX_HELD = 512 * 1024

/** @throws AppError; with `lease_lost`, another worker has the job and nothing more may be written */
export async function transcribeAudio(
  job: ClaimedJob,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<TranscriptResult> {
  const { documents, transcripts, provider } = dependencies
  const { documentId, result: stored } = await transcripts.find(job.subjectId)
  if (stored !== null) return stored
  const document = await documents.find(documentId)
  const recording = await keepRecording(document, lease, dependencies)
  if (provider === null) throw new AppError('transcription_not_configured')

  await lease.report(STAGES.transcribing, 'transcribing')
  const transcript = await recognise(job, recording, lease, provider, dependencies)

  await lease.report(STAGES.saving, 'saving')
  const result = {
    // Read from the file where it can be: services convert the recording before they measure it.
    duration: rounded(recording.facts.duration || (transcript.duration ?? 0)),
    wordCount: countWords(transcript.text),
    simulated: transcript.simulated,
  }
  await transcripts.store(job, { ...transcript, ...result, provider: provider.name, model: provider.model })
  return result
}

/** Keeps and checks the recording. Afterwards only a small recording is still in memory. */
async function keepRecording(
  document: DocumentRow,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<Recording> {
  using admission = createAdmission(dependencies)
  const original = await keepOriginal(document, lease, throughAdmission(dependencies, admission), {
    webPage: 'not_audio',
    stages: STAGES,
  })

  await lease.report(STAGES.checking, 'checking')
  const recording = requireAudio(original, dependencies)
  const { codec, sampleRate, channels, duration } = recording.facts
  await dependencies.documents.update(document.id, {
    metadata: { codec, sampleRate, channels, duration: rounded(duration) },
  })
  requireUsable(recording, dependencies)
  if (recording.content !== original.bytes) dependencies.release?.(original.bytes)
  return recording
}

/** The dependencies for keeping an original, with downloads and reads that wait for memory. */
function throughAdmission(
  { documents, files, download, log }: WorkDependencies,
  admission: Admission,
): OriginalDependencies {
  return {
    documents,
    log,
    download: (url, signal, onProgress) =>
      admission.download((growTo) => download(url, signal, onProgress, growTo)),
    files: {
      ...files,
      get: (bucket, path) =>
        admission.read(
          () => files.size(bucket, path),
          (size) => files.get(bucket, path, size),
        ),
    },
  }
}

/** The recording of an original, by its bytes. @throws AppError `not_audio`, `audio_format_unsupported`, `audio_undecodable` */
function requireAudio(
  { type, bytes, path }: KeptOriginal,
  { open, extraFormats }: Pick<WorkDependencies, 'open' | 'extraFormats'>,
): Recording {
  if (!isAudioType(type)) throw new AppError('not_audio')
  if (EXTRA_FORMATS.includes(type) && !extraFormats.has(type)) throw new AppError('audio_format_unsupported')
  const facts = readAudioFacts(bytes, type)
  if (facts === null) throw new AppError('audio_undecodable')
  const size = bytes.length
  const content = size <= MAX_HELD ? bytes : (signal: AbortSignal) => open(path, signal)
  return { content, size, facts, ...sentAs(type) }
}

/** Services read QuickTime as MP4, which it became, but do not know its name. */
function sentAs(type: AudioType): StoredAs {
  return storedAs(type === 'mov' ? 'm4a' : type)
}

/** Refuses a recording that the service would refuse after it was sent. */
function requireUsable(
  { size, facts }: Recording,
  { provider, maxSeconds }: Pick<WorkDependencies, 'provider' | 'maxSeconds'>,
): void {
  if (!facts.complete) throw new AppError('audio_truncated')
  if (facts.duration === 0) throw new AppError('audio_empty')
  if (facts.duration > maxSeconds) throw new AppError('audio_too_long', { details: { maxSeconds } })
  if (provider !== null && size > provider.limits.maxBytes) {
    throw new AppError('audio_too_large', { details: { maxBytes: provider.limits.maxBytes } })
  }
}

async function recognise(
  job: ClaimedJob,
  recording: Recording,
  lease: Lease,
  provider: TranscriptionProvider,
  { transcripts, log, sending }: WorkDependencies,
): Promise<Transcript> {
  // Taken before the call, so that the wait does not count towards the service's time.
  using place = recording.content instanceof Uint8Array ? null : await sending.take(1)
  lease.signal.throwIfAborted()
  await using live = createLiveText({
    lease,
    log,
    duration: recording.facts.duration,
    from: STAGES.transcribing,
    to: STAGES.saving,
    stage: 'transcribing',
    write: (text, percent) => transcripts.report(job, text, percent, 'transcribing'),
  })
  return await provider.transcribe(freeingPlace(recording, place), {
    signal: lease.signal,
    onText: (soFar) => live.update(soFar),
  })
}

/** The recording with a stream that frees its place when it has been read to the end. */
function freeingPlace(recording: Recording, place: Disposable | null): Recording {
  const { content } = recording
  if (content instanceof Uint8Array || place === null) return recording
  const read = async function* (signal: AbortSignal) {
    using _place = place
    yield* await content(signal)
  }
  return { ...recording, content: (signal) => Promise.resolve(ReadableStream.from(read(signal))) }
}

/** To milliseconds. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
