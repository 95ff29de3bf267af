/** Rows of the database as the parts of a report. */

import * as v from 'valibot'
import { fittingEntries } from '../../../functions-shared/read-as.ts'
import { jsonObject, optionalNumber, optionalText, timestamp } from '../_shared/database.ts'
import type { Answer } from './facts.ts'
import type { ReportDocument, ReportRow, ReportSource, Transcript, Work } from './source.ts'

const required = v.pipe(v.string(), v.nonEmpty())
const optionalTimestamp = v.nullish(timestamp, null)

export const reportRow = v.pipe(
  v.object({
    id: required,
    incident_id: required,
    origin: v.picklist(['requested', 'automatic']),
    language: required,
    created_at: timestamp,
    file_name: optionalText,
  }),
  v.transform(
    (row): ReportRow => ({
      id: row.id,
      incidentId: row.incident_id,
      origin: row.origin,
      language: row.language,
      createdAt: row.created_at,
      fileName: row.file_name,
    }),
  ),
)

const answer = v.pipe(
  v.object({
    ref: optionalText,
    question: optionalText,
    type: v.nullish(v.string(), 'text'),
    value: v.nullish(v.unknown(), null),
  }),
  v.transform((fields): Answer => fields),
)

export const incidentRow = v.pipe(
  v.object({
    id: required,
    title: required,
    description: optionalText,
    occurred_on: optionalText,
    reporter_email: optionalText,
    created_at: timestamp,
    answers: fittingEntries(answer),
  }),
  v.transform((row): ReportSource['incident'] => ({
    id: row.id,
    title: row.title,
    description: row.description,
    occurredOn: row.occurred_on,
    reporterEmail: row.reporter_email,
    createdAt: row.created_at,
    answers: row.answers,
  })),
)

/** Null for a row whose job was deleted, so that it does not count as pending. */
const work = v.pipe(
  v.nullish(v.object({ status: v.string(), error: optionalText }), null),
  v.transform((job): Work => {
    if (job === null) return { state: 'completed', error: null }
    const state = job.status === 'completed' || job.status === 'failed' ? job.status : 'pending'
    return { state, error: state === 'failed' ? job.error : null }
  }),
)

/** Written by `process-image`; only photos have these fields. */
const photoMetadata = v.object({
  takenAt: v.fallback(optionalText, null),
  takenAtSource: v.fallback(v.nullish(v.picklist(['original', 'digitized', 'modified', 'gps']), null), null),
  position: v.fallback(v.nullish(v.object({ latitude: v.number(), longitude: v.number() }), null), null),
  camera: v.pipe(
    v.fallback(v.nullish(v.object({ make: optionalText, model: optionalText }), null), null),
    v.transform((camera) => (camera === null ? null : cameraName(camera.make, camera.model))),
  ),
})

export const documentRow = v.pipe(
  v.object({
    id: required,
    kind: v.fallback(v.picklist(['photo', 'audio', 'attachment']), 'attachment'),
    source_ref: optionalText,
    file_name: optionalText,
    content_type: optionalText,
    byte_size: optionalNumber,
    sha256: optionalText,
    received_at: optionalTimestamp,
    preview_path: optionalText,
    thumbnail_path: optionalText,
    width: optionalNumber,
    height: optionalNumber,
    metadata: v.pipe(v.nullish(jsonObject, {}), photoMetadata),
    duplicate_of: optionalText,
    job: work,
  }),
  v.transform(
    (row): ReportDocument => ({
      id: row.id,
      kind: row.kind,
      sourceRef: row.source_ref,
      fileName: row.file_name,
      label: null,
      contentType: row.content_type,
      byteSize: row.byte_size,
      sha256: row.sha256,
      receivedAt: row.received_at,
      previewPath: row.preview_path,
      thumbnailPath: row.thumbnail_path,
      width: row.width,
      height: row.height,
      ...row.metadata,
      duplicateOf: row.duplicate_of,
      work: row.job,
    }),
  ),
)

const segment = v.pipe(
  v.object({ start: v.number(), end: optionalNumber, text: v.pipe(v.string(), v.nonEmpty()) }),
  v.transform(({ start, end, text }) => ({ start, end: end ?? start, text })),
)

export const transcriptRow = v.pipe(
  v.object({
    document_id: required,
    simulated: v.nullish(v.boolean(), false),
    provider: optionalText,
    model: optionalText,
    language: optionalText,
    text: optionalText,
    segments: fittingEntries(segment),
    duration: optionalNumber,
    word_count: optionalNumber,
    job: work,
  }),
  v.transform(
    (row): Transcript => ({
      documentId: row.document_id,
      simulated: row.simulated,
      provider: row.provider,
      model: row.model,
      language: row.language,
      text: row.text,
      segments: row.segments,
      duration: row.duration,
      wordCount: row.word_count,
      work: row.job,
    }),
  ),
)

/** Joins make and model; many models already begin with the maker's name. */
function cameraName(make: string | null, model: string | null): string | null {
  const repeated = make !== null && model?.toLowerCase().startsWith(make.toLowerCase()) === true
  const name = [repeated ? null : make, model].filter((part) => part !== null).join(' ')
  return name === '' ? null : name
}
