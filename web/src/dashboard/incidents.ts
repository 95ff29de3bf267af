/** Incidents with their documents, as the dashboard shows them, and how a message changes them. Pure. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
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
  /** ISO 8601 of the last change known; older messages are not applied. */
  changedAt: string
}

export interface IncidentDocument {
  id: string
  kind: 'photo' | 'audio' | 'attachment'
  documentType: string
  fileName: string | null
  contentType: string | null
  byteSize: number | null
  thumbnailPath: string | null
  previewPath: string | null
  width: number | null
  height: number | null
  /** A URL that came with a message; saves asking for one. */
  signedUrl: string | null
  job: Job | null
}

export interface Answer {
  question: string
  value: string
}

export interface Incident {
  id: string
  title: string
  description: string | null
  /** Day, as `yyyy-mm-dd`. */
  occurredOn: string | null
  reporterEmail: string | null
  createdAt: string
  answers: Answer[]
  documents: IncidentDocument[]
}

export interface Applied {
  incidents: readonly Incident[]
  /** The message is about something that is not here: read the incidents again. */
  unknown: boolean
}

const STATUS_OF: Record<string, JobStatus | undefined> = {
  pending: 'queued',
  queued: 'queued',
  processing: 'processing',
  generating: 'processing',
  completed: 'completed',
  failed: 'failed',
}

/** Applies what a message says about a document; everything else is left alone. */
export function applyMessage(incidents: readonly Incident[], message: JobMessage): Applied {
  if (!('documentType' in message)) return { incidents, unknown: false }
  const incident = incidents.find(({ documents }) => documents.some(({ id }) => id === message.documentId))
  const document = incident?.documents.find(({ id }) => id === message.documentId)
  const status = STATUS_OF[message.status]
  if (incident === undefined || document === undefined || status === undefined)
    return { incidents, unknown: true }
  if (document.job !== null && document.job.changedAt > message.timestamp)
    return { incidents, unknown: false }

  const before = document.job?.status === status ? document.job : null
  const changed: IncidentDocument = {
    ...document,
    signedUrl: message.signedUrl ?? document.signedUrl,
    job: {
      id: message.jobId,
      status,
      progress: status === 'completed' ? 100 : (message.progress ?? before?.progress ?? 0),
      stage: status === 'processing' ? (message.stage ?? before?.stage ?? null) : null,
      errorCode: message.errorCode ?? null,
      error: message.error ?? null,
      changedAt: message.timestamp,
    },
  }
  const documents = incident.documents.map((each) => (each === document ? changed : each))
  return {
    incidents: incidents.map((each) => (each === incident ? { ...incident, documents } : each)),
    unknown: false,
  }
}

export interface Summary {
  total: number
  completed: number
  failed: number
  /** Queued or being worked on. */
  open: number
  /** 0 to 100 over everything that is worked on. */
  progress: number
}

export function summarise(incident: Incident): Summary {
  const jobs = incident.documents.flatMap(({ job }) => (job === null ? [] : [job]))
  const count = (...statuses: JobStatus[]) => jobs.filter(({ status }) => statuses.includes(status)).length
  const done = jobs.reduce((sum, job) => sum + (job.status === 'failed' ? 100 : job.progress), 0)
  return {
    total: jobs.length,
    completed: count('completed'),
    failed: count('failed'),
    open: count('queued', 'processing'),
    progress: jobs.length === 0 ? 100 : Math.round(done / jobs.length),
  }
}

/** Reads the answer of the incidents query. @throws TypeError where it is not of the expected shape. */
export function parseIncidents(data: unknown): Incident[] {
  return listOf(data).map((row) => ({
    id: text(row.id),
    title: text(row.title),
    description: textOrNull(row.description),
    occurredOn: textOrNull(row.occurred_on),
    reporterEmail: textOrNull(row.reporter_email),
    createdAt: text(row.created_at),
    answers: listOf(row.answers ?? []).flatMap(parseAnswer),
    documents: listOf(row.documents).map(parseDocument),
  }))
}

function parseDocument(row: Record<string, unknown>): IncidentDocument {
  const kind = row.kind
  return {
    id: text(row.id),
    kind: kind === 'photo' || kind === 'audio' ? kind : 'attachment',
    documentType: text(row.document_type),
    fileName: textOrNull(row.file_name),
    contentType: textOrNull(row.content_type),
    byteSize: numberOrNull(row.byte_size),
    thumbnailPath: textOrNull(row.thumbnail_path),
    previewPath: textOrNull(row.preview_path),
    width: numberOrNull(row.width),
    height: numberOrNull(row.height),
    signedUrl: null,
    job: isRecord(row.job) ? parseJob(row.job) : null,
  }
}

function parseJob(row: Record<string, unknown>): Job {
  const status = STATUS_OF[text(row.status)]
  if (status === undefined) throw new TypeError('a job has an unknown status')
  return {
    id: text(row.id),
    status,
    progress: numberOrNull(row.progress) ?? 0,
    stage: status === 'processing' ? textOrNull(row.stage) : null,
    errorCode: status === 'failed' ? textOrNull(row.error_code) : null,
    error: status === 'failed' ? textOrNull(row.error) : null,
    changedAt: isoOf(textOrNull(row.finished_at) ?? textOrNull(row.started_at)),
  }
}

/** Answers that people can read; files are shown as documents. */
function parseAnswer(row: Record<string, unknown>): Answer[] {
  const { question, value, type } = row
  if (type === 'file_url' || type === 'hidden' || typeof question !== 'string') return []
  const shown = typeof value === 'boolean' ? (value ? 'Yes' : 'No') : value
  return typeof shown === 'string' || typeof shown === 'number' ? [{ question, value: String(shown) }] : []
}

/** Messages carry UTC with milliseconds: comparable as text once rows do, too. */
function isoOf(value: string | null): string {
  const time = value === null ? Number.NaN : Date.parse(value)
  return Number.isNaN(time) ? '' : new Date(time).toISOString()
}

function listOf(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value) || !value.every(isRecord)) throw new TypeError('expected a list of rows')
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('expected text')
  return value
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
