/** The rows that a report is made of. */

import type { Answer } from './facts.ts'

export interface ReportSource {
  report: ReportRow
  incident: {
    id: string
    title: string
    description: string | null
    /** `YYYY-MM-DD`. */
    occurredOn: string | null
    reporterEmail: string | null
    createdAt: Date
    answers: Answer[]
  }
  documents: ReportDocument[]
  /** The last row of the custody log when the report was begun; null for an incident without a log. */
  custody: { number: number; hash: string } | null
  transcripts: Transcript[]
}

export interface ReportRow {
  id: string
  incidentId: string
  origin: 'requested' | 'automatic'
  /** BCP 47. */
  language: string
  createdAt: Date
  /** Name of the file, once an attempt has chosen it. */
  fileName: string | null
}

export type WorkState = 'pending' | 'completed' | 'failed'

export interface Work {
  state: WorkState
  /** The error's sentence of a failed job. */
  error: string | null
}

/** The EXIF tag of a photo's time. */
export type TimeSource = 'original' | 'digitized' | 'modified' | 'gps'

export interface ReportDocument {
  id: string
  kind: 'photo' | 'audio' | 'attachment'
  sourceRef: string | null
  fileName: string | null
  /** The file's name, with its number where several files of the incident have that name. */
  label: string | null
  contentType: string | null
  byteSize: number | null
  sha256: string | null
  receivedAt: Date | null
  previewPath: string | null
  thumbnailPath: string | null
  width: number | null
  height: number | null
  takenAt: string | null
  takenAtSource: TimeSource | null
  position: { latitude: number; longitude: number } | null
  camera: string | null
  /** The first document of the claim with the same bytes. */
  duplicateOf: string | null
  work: Work
}

export interface Transcript {
  documentId: string
  simulated: boolean
  provider: string | null
  model: string | null
  language: string | null
  text: string | null
  segments: { start: number; end: number; text: string }[]
  /** Seconds. */
  duration: number | null
  wordCount: number | null
  work: Work
}

/**
 * Names of the fields without which a report would be worthless to an insurer, in the order of the form:
 * `incident_date`, and a `description` unless a voice note tells what happened.
 */
export function missingFields({ incident, transcripts }: ReportSource): string[] {
  const told = transcripts.some(({ work, text }) => work.state === 'completed' && (text ?? '').trim() !== '')
  return [
    ...(incident.occurredOn === null ? ['incident_date'] : []),
    ...((incident.description ?? '').trim() === '' && !told ? ['description'] : []),
  ]
}
