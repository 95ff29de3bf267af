/** Rows as the API gives them, made into what a report is made of. */

import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import type { Answer } from './facts.ts'
import type { ReportDocument, ReportRow, ReportSource, Transcript, Work } from './source.ts'

type Row = Record<string, unknown>

export function parseReport(row: Row): ReportRow {
  return {
    id: required(row, 'id'),
    incidentId: required(row, 'incident_id'),
    origin: row.origin === 'automatic' ? 'automatic' : 'requested',
    language: textAt(row, 'language') ?? 'en',
    createdAt: dateAt(row, 'created_at') ?? missing('created_at'),
    fileName: textAt(row, 'file_name') ?? null,
  }
}

export function parseIncident(row: Row): ReportSource['incident'] {
  return {
    id: required(row, 'id'),
    title: required(row, 'title'),
    description: textAt(row, 'description') ?? null,
    occurredOn: textAt(row, 'occurred_on') ?? null,
    reporterEmail: textAt(row, 'reporter_email') ?? null,
    createdAt: dateAt(row, 'created_at') ?? missing('created_at'),
    answers: listAt(row, 'answers').map(
      (answer): Answer => ({
        ref: textAt(answer, 'ref') ?? null,
        question: textAt(answer, 'question') ?? null,
        type: textAt(answer, 'type') ?? 'text',
        value: answer.value ?? null,
      }),
    ),
  }
}

export function parseDocument(value: unknown): ReportDocument {
  const row = isRecord(value) ? value : {}
  const metadata = isRecord(row.metadata) ? row.metadata : {}
  const { kind } = row
  return {
    id: required(row, 'id'),
    kind: kind === 'photo' || kind === 'audio' ? kind : 'attachment',
    sourceRef: textAt(row, 'source_ref') ?? null,
    fileName: textAt(row, 'file_name') ?? null,
    contentType: textAt(row, 'content_type') ?? null,
    byteSize: numberAt(row, 'byte_size'),
    sha256: textAt(row, 'sha256') ?? null,
    receivedAt: dateAt(row, 'received_at'),
    previewPath: textAt(row, 'preview_path') ?? null,
    thumbnailPath: textAt(row, 'thumbnail_path') ?? null,
    width: numberAt(row, 'width'),
    height: numberAt(row, 'height'),
    takenAt: textAt(metadata, 'takenAt') ?? null,
    position: positionOf(metadata.position),
    camera: cameraOf(metadata.camera),
    duplicateOf: textAt(row, 'duplicate_of') ?? null,
    work: workOf(row.job),
  }
}

export function parseTranscript(value: unknown): Transcript {
  const row = isRecord(value) ? value : {}
  return {
    documentId: required(row, 'document_id'),
    simulated: row.simulated === true,
    provider: textAt(row, 'provider') ?? null,
    model: textAt(row, 'model') ?? null,
    language: textAt(row, 'language') ?? null,
    text: textAt(row, 'text') ?? null,
    segments: listAt(row, 'segments').flatMap((segment) => {
      const start = numberAt(segment, 'start')
      const text = textAt(segment, 'text')
      return start === null || text === undefined
        ? []
        : [{ start, end: numberAt(segment, 'end') ?? start, text }]
    }),
    duration: numberAt(row, 'duration'),
    wordCount: numberAt(row, 'word_count'),
    work: workOf(row.job),
  }
}

/** Without a job (it was deleted) nothing is pending. */
function workOf(job: unknown): Work {
  if (!isRecord(job)) return { state: 'completed', error: null }
  const state = job.status === 'completed' || job.status === 'failed' ? job.status : 'pending'
  return { state, error: state === 'failed' ? (textAt(job, 'error') ?? null) : null }
}

function positionOf(position: unknown): ReportDocument['position'] {
  if (!isRecord(position)) return null
  const { latitude, longitude } = position
  return typeof latitude === 'number' && typeof longitude === 'number' ? { latitude, longitude } : null
}

/** Makers repeat their name in the model more often than not. */
function cameraOf(camera: unknown): string | null {
  if (!isRecord(camera)) return null
  const make = textAt(camera, 'make')
  const model = textAt(camera, 'model')
  const repeated = make !== undefined && model?.toLowerCase().startsWith(make.toLowerCase()) === true
  const name = [repeated ? undefined : make, model].filter((part) => part !== undefined).join(' ')
  return name === '' ? null : name
}

function listAt(row: Row, key: string): Row[] {
  const value = row[key]
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** PostgREST writes `numeric` as a number or, when it is long, as a text. */
function numberAt(row: Row, key: string): number | null {
  const value = row[key]
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

function dateAt(row: Row, key: string): Date | null {
  const date = new Date(textAt(row, key) ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? null : date
}

function required(row: Row, key: string): string {
  return textAt(row, key) ?? missing(key)
}

function missing(key: string): never {
  throw new AppError('internal_error', { cause: new TypeError(`The database gave no ${key}`) })
}
