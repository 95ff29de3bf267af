/** How a message changes incidents, and what the page says about one. Pure. */

import { stateOf } from '../../../functions-shared/job-state.ts'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { plural, sentence } from '../shared/format.ts'
import type { Incident, IncidentDocument, Job, JobStatus, Report, Transcription } from './records.ts'
import { derivative, type ObjectRef } from './signed-urls.ts'

export interface Applied {
  incidents: readonly Incident[]
  /** The message is about an incident, document or report that has not been read. */
  unknown: boolean
}

/** Applies a message about a document, a transcription or a report. Other messages change nothing. */
export function applyMessage(incidents: readonly Incident[], message: JobMessage): Applied {
  const status = stateOf(message)
  if (message.type === 'status_update' || message.incidentId === null || status === null)
    return { incidents, unknown: false }
  const incident = incidents.find(({ id }) => id === message.incidentId)
  if (incident === undefined) return { incidents, unknown: true }

  let found = false
  let changed = false
  function through<Item extends { id: string; job: Job | null }>(
    items: Item[],
    subject: string | undefined,
    more: (item: Item) => Partial<Item>,
  ): Item[] {
    return items.map((item) => {
      if (item.job === null ? item.id !== subject : item.job.id !== message.jobId && item.id !== subject)
        return item
      found = true
      if (!isNews(item.job, message)) return item
      changed = true
      return { ...item, ...more(item), job: jobAfter(item.job, message, status ?? 'queued') }
    })
  }
  const documents = through(incident.documents, documentIdOf(message), (document) =>
    pictureOf(document, message),
  )
  const transcriptions = through(
    incident.transcriptions,
    'transcriptionId' in message ? message.transcriptionId : undefined,
    (transcription) => wordsOf(transcription, message),
  )
  const reports = through(incident.reports, 'reportId' in message ? message.reportId : undefined, (report) =>
    fileOf(report, message),
  )
  if (!changed) return { incidents, unknown: !found }
  const after = { ...incident, documents, transcriptions, reports }
  return { incidents: incidents.map((each) => (each === incident ? after : each)), unknown: false }
}

/** A message of another job is newer: a file that is sent again gets another job. */
function isNews(job: Job | null, message: JobMessage): boolean {
  if (job === null || job.id !== message.jobId) return true
  if (message.revision !== undefined && job.revision > 0) return message.revision > job.revision
  return job.changedAt <= message.timestamp
}

function jobAfter(known: Job | null, message: JobMessage, status: JobStatus): Job {
  const before = known?.id === message.jobId && known.status === status ? known : null
  const progress = 'progress' in message ? message.progress : undefined
  const stage = 'stage' in message ? message.stage : undefined
  return {
    id: message.jobId,
    status,
    progress: status === 'completed' ? 100 : (progress ?? before?.progress ?? 0),
    stage: status === 'processing' ? (stage ?? before?.stage ?? null) : null,
    errorCode: message.errorCode ?? null,
    error: message.error ?? null,
    changedAt: message.timestamp,
    revision: message.revision ?? known?.revision ?? 0,
  }
}

function documentIdOf(message: JobMessage): string | undefined {
  return 'documentId' in message ? message.documentId : undefined
}

function pictureOf(document: IncidentDocument, message: JobMessage): Partial<IncidentDocument> {
  return { signedUrl: ('signedUrl' in message ? message.signedUrl : undefined) ?? document.signedUrl }
}

function wordsOf(transcription: Transcription, message: JobMessage): Partial<Transcription> {
  if (!('transcriptionId' in message)) return {}
  // The text recognised so far; the row has the whole text.
  const text = 'text' in message && typeof message.text === 'string' ? message.text : transcription.text
  return {
    text,
    duration: message.duration ?? transcription.duration,
    wordCount: message.wordCount ?? transcription.wordCount,
  }
}

function fileOf(report: Report, message: JobMessage): Partial<Report> {
  const size = 'fileSize' in message ? message.fileSize : undefined
  return { fileSize: size ?? report.fileSize }
}

/** Counts of an incident's jobs. */
export interface Summary {
  total: number
  completed: number
  failed: number
  /** Queued or processing. */
  open: number
  /** 0 to 100, the mean of all jobs. */
  progress: number
}

/** Counts the jobs of the documents, and the job of the latest report unless it is completed. */
export function summarise({ documents, reports }: Incident): Summary {
  const report = latestReport(reports)?.job ?? null
  const jobs = [...documents.map(({ job }) => job), report?.status === 'completed' ? null : report].filter(
    (job) => job !== null,
  )
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

export function latestReport(reports: readonly Report[]): Report | null {
  return reports.reduce<Report | null>(
    (latest, report) => (latest === null || report.createdAt > latest.createdAt ? report : latest),
    null,
  )
}

/** The summary in a word, for its colour. */
export function toneOf(summary: Summary): 'busy' | 'failed' | 'done' {
  if (summary.open > 0) return 'busy'
  return summary.failed > 0 ? 'failed' : 'done'
}

/** The summary in words. @param documents how many the incident has. */
export function describe(summary: Summary, documents: number): string {
  if (documents === 0) return 'No documents'
  if (summary.total === 0) return plural(documents, 'document')
  const failed = summary.failed === 0 ? '' : `, ${summary.failed} failed`
  return summary.open > 0
    ? `${summary.completed} of ${summary.total} ready${failed}`
    : `${plural(summary.completed, 'document')} ready${failed}`
}

/** The file's label, or the type of the document where it has no name. */
export function documentName({ label, fileName, documentType }: IncidentDocument): string {
  return label ?? fileName ?? sentence(documentType)
}

/** Files that the page of an incident shows at once: thumbnails. */
export function filesToSign({ documents }: Incident): ObjectRef[] {
  return documents.flatMap(({ thumbnailPath }) => (thumbnailPath === null ? [] : [derivative(thumbnailPath)]))
}

/** Failed jobs that can be put into the queue again. Of reports only the latest counts. */
export function failedJobs({ documents, reports }: Incident): Job[] {
  const jobs = [...documents.map(({ job }) => job), latestReport(reports)?.job ?? null]
  return jobs.filter((job) => job !== null).filter(({ status }) => status === 'failed')
}

/** The order of the list, for `sort`. */
export function newestFirst(a: Incident, b: Incident): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1
  return a.id === b.id ? 0 : a.id < b.id ? 1 : -1
}
