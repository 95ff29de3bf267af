/** Incidents as the dashboard holds them, parsed from rows. A column that the database no longer has does not compile. */

import type { Database } from '../../../functions-shared/database.types.ts'
import { fileLabels } from '../../../functions-shared/document-labels.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'

export type JobStatus = 'queued' | 'processing' | 'completed' | 'failed'

export interface Job {
  id: string
  status: JobStatus
  /** 0 to 100, of the current attempt. */
  progress: number
  stage: string | null
  errorCode: string | null
  error: string | null
  /** ISO 8601; the last change that the page knows of. */
  changedAt: string
  /** Rises with every change that has a message. A message with a lower revision is not applied. */
  revision: number
}

export interface Position {
  /** Degrees, south and west negative. */
  latitude: number
  longitude: number
  /** Metres above sea level. */
  altitude: number | null
}

export interface IncidentDocument {
  id: string
  kind: 'photo' | 'audio' | 'attachment'
  documentType: string
  fileName: string | null
  /** The file's name, with its number where several files of the incident have that name. */
  label: string | null
  /** Title of the form's question that the file answers. */
  question: string | null
  contentType: string | null
  byteSize: number | null
  sha256: string | null
  receivedAt: string | null
  createdAt: string
  /** Object names, in the buckets `originals` and `derivatives`. */
  originalPath: string | null
  thumbnailPath: string | null
  previewPath: string | null
  width: number | null
  height: number | null
  /** ISO 8601 by the camera's clock, often without an offset. */
  takenAt: string | null
  /** The EXIF tag that the time is from: original, digitized, modified or gps. */
  takenAtSource: string | null
  camera: string | null
  position: Position | null
  pageCount: number | null
  /** The worker's remark on the file, e.g. why there is no preview; the title of a PDF. */
  note: string | null
  /** The file holds scripts, starts programs or carries other files. */
  active: boolean
  /** The earlier document with the same bytes. */
  duplicateOf: string | null
  /** A signed URL from a message, which saves a request. */
  signedUrl: string | null
  job: Job | null
}

export interface Segment {
  /** Seconds. */
  start: number
  text: string
}

export interface Transcription {
  id: string
  documentId: string
  text: string | null
  segments: Segment[]
  /** The text was made up: the stack has no transcription provider. */
  simulated: boolean
  provider: string | null
  language: string | null
  /** Seconds. */
  duration: number | null
  wordCount: number | null
  job: Job | null
}

export interface Report {
  id: string
  automatic: boolean
  /** Object name in the bucket `reports`. */
  path: string | null
  fileName: string | null
  fileSize: number | null
  pageCount: number | null
  createdAt: string
  completedAt: string | null
  job: Job | null
}

export interface Answer {
  question: string
  value: string
}

export const CASE_STATES = ['new', 'in_progress', 'waiting_for_claimant', 'done'] as const

/** Where a case stands, as the firm says. */
export type CaseState = (typeof CASE_STATES)[number]

export interface Incident {
  id: string
  /** Whether all columns have been read, or only those of the list. */
  complete: boolean
  /** The user who gets the messages about its jobs. */
  ownerId: string
  title: string
  description: string | null
  /** Day, as `yyyy-mm-dd`. */
  occurredOn: string | null
  reporterEmail: string | null
  state: CaseState
  createdAt: string
  answers: Answer[]
  documents: IncidentDocument[]
  transcriptions: Transcription[]
  reports: Report[]
}

type Tables = Database['public']['Tables']
/** A row of the table, whose values have not been checked. */
type Untrusted<Table extends keyof Tables> = Readonly<Partial<Record<keyof Tables[Table]['Row'], unknown>>>

const JOB_STATUSES: Readonly<Record<string, JobStatus | undefined>> = {
  queued: 'queued',
  processing: 'processing',
  completed: 'completed',
  failed: 'failed',
}

/** Parses the answer of an incidents query. @throws TypeError where a required value is missing. */
export function parseIncidents(data: unknown, complete: boolean): Incident[] {
  return listOf(data).map((row) => parseIncident(row, complete))
}

function parseIncident(
  row: Untrusted<'incidents'> & { documents?: unknown; transcriptions?: unknown; reports?: unknown },
  complete: boolean,
): Incident {
  return {
    id: text(row.id),
    complete,
    ownerId: text(row.user_id),
    title: text(row.title),
    description: textOrNull(row.description),
    occurredOn: textOrNull(row.occurred_on),
    reporterEmail: textOrNull(row.reporter_email),
    state: CASE_STATES.find((state) => state === row.state) ?? 'new',
    createdAt: text(row.created_at),
    answers: listOf(row.answers ?? []).flatMap(parseAnswer),
    documents: toldApart(listOf(row.documents).map((document) => parseDocument(document, row.answers))),
    transcriptions: listOf(row.transcriptions ?? []).map(parseTranscription),
    reports: listOf(row.reports ?? []).map(parseReport),
  }
}

/** @param documents in the order of the form */
function toldApart(documents: readonly IncidentDocument[]): IncidentDocument[] {
  const labels = fileLabels(documents)
  return documents.map((document) => ({ ...document, label: labels.get(document.id) ?? null }))
}

function questionOf(ref: unknown, answers: unknown): string | null {
  if (typeof ref !== 'string') return null
  const answer = listOf(answers ?? []).find((entry) => entry.ref === ref)
  return answer === undefined ? null : textOrNull(answer.question)
}

function parseDocument(row: Untrusted<'documents'> & { job?: unknown }, answers: unknown): IncidentDocument {
  const { kind } = row
  const facts = isRecord(row.metadata) ? row.metadata : {}
  return {
    id: text(row.id),
    kind: kind === 'photo' || kind === 'audio' ? kind : 'attachment',
    documentType: text(row.document_type),
    fileName: textOrNull(row.file_name),
    label: null,
    question: questionOf(row.source_ref, answers),
    contentType: textOrNull(row.content_type),
    byteSize: numberOrNull(row.byte_size),
    sha256: textOrNull(row.sha256),
    receivedAt: textOrNull(row.received_at),
    createdAt: text(row.created_at),
    originalPath: textOrNull(row.original_path),
    thumbnailPath: textOrNull(row.thumbnail_path),
    previewPath: textOrNull(row.preview_path),
    width: numberOrNull(row.width),
    height: numberOrNull(row.height),
    takenAt: textOrNull(facts.takenAt),
    takenAtSource: textOrNull(facts.takenAtSource),
    camera: cameraOf(facts.camera),
    position: positionOf(facts.position),
    pageCount: numberOrNull(facts.pageCount ?? facts.pages),
    note: textOrNull(facts.note) ?? (facts.kind === 'pdf' ? textOrNull(facts.title) : null),
    active: facts.active === true,
    duplicateOf: textOrNull(row.duplicate_of),
    signedUrl: null,
    job: parseJob(row.job),
  }
}

function parseTranscription(row: Untrusted<'transcriptions'> & { job?: unknown }): Transcription {
  return {
    id: text(row.id),
    documentId: text(row.document_id),
    text: textOrNull(row.text),
    segments: listOf(row.segments ?? []).flatMap(({ start, text: said }) =>
      typeof start === 'number' && typeof said === 'string' ? [{ start, text: said.trim() }] : [],
    ),
    simulated: row.simulated === true,
    provider: textOrNull(row.provider),
    language: textOrNull(row.language),
    duration: numberOrNull(row.duration),
    wordCount: numberOrNull(row.word_count),
    job: parseJob(row.job),
  }
}

function parseReport(row: Untrusted<'reports'> & { job?: unknown }): Report {
  return {
    id: text(row.id),
    automatic: row.origin === 'automatic',
    path: textOrNull(row.path),
    fileName: textOrNull(row.file_name),
    fileSize: numberOrNull(row.file_size),
    pageCount: numberOrNull(row.page_count),
    createdAt: text(row.created_at),
    completedAt: textOrNull(row.completed_at),
    job: parseJob(row.job),
  }
}

function parseJob(value: unknown): Job | null {
  if (!isRecord(value)) return null
  const row: Untrusted<'jobs'> = value
  const status = JOB_STATUSES[text(row.status)]
  if (status === undefined) throw new TypeError('a job has an unknown status')
  return {
    id: text(row.id),
    status,
    progress: numberOrNull(row.progress) ?? 0,
    stage: status === 'processing' ? textOrNull(row.stage) : null,
    errorCode: status === 'failed' ? textOrNull(row.error_code) : null,
    error: status === 'failed' ? textOrNull(row.error) : null,
    changedAt: isoOf(textOrNull(row.finished_at) ?? textOrNull(row.started_at)),
    revision: numberOrNull(row.revision) ?? 0,
  }
}

/** An answer as text. Files are documents, and hidden fields are not for people. */
function parseAnswer(row: Record<string, unknown>): Answer[] {
  const { question, value, type } = row
  if (type === 'file_url' || type === 'hidden' || typeof question !== 'string') return []
  const shown = typeof value === 'boolean' ? (value ? 'Yes' : 'No') : value
  return typeof shown === 'string' || typeof shown === 'number' ? [{ question, value: String(shown) }] : []
}

function cameraOf(value: unknown): string | null {
  if (!isRecord(value)) return null
  const make = textOrNull(value.make)
  const model = textOrNull(value.model)
  // Many makers repeat their name in the model.
  const name = make !== null && model?.startsWith(make) === true ? [model] : [make, model]
  return name.filter((part) => part !== null).join(' ') || null
}

function positionOf(value: unknown): Position | null {
  if (!isRecord(value)) return null
  const latitude = numberOrNull(value.latitude)
  const longitude = numberOrNull(value.longitude)
  if (latitude === null || longitude === null) return null
  return { latitude, longitude, altitude: numberOrNull(value.altitude) }
}

/** UTC with milliseconds, as in messages, so that times can be compared as text. */
function isoOf(value: string | null): string {
  const time = value === null ? Number.NaN : Date.parse(value)
  return Number.isNaN(time) ? '' : new Date(time).toISOString()
}

export function listOf(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value) || !value.every(isRecord)) throw new TypeError('expected a list of rows')
  return value
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('expected text')
  return value
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
