/** How a message changes the incidents that are shown, and what there is to say about one. Pure. */

import { stateOf } from '../../../functions-shared/job-state.ts'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { Incident, IncidentDocument, Job, JobStatus, Report, Transcription } from './records.ts'

export interface Applied {
  incidents: readonly Incident[]
  /** The message is about something that is not here: read it. */
  unknown: boolean
}

/** Applies what a message says about a document, a transcription or a report; everything else is left alone. */
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

/** A job that was replaced (the file came again) is followed by its new one. */
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
  // What was recognised so far; the whole text is in the row.
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

export interface Summary {
  total: number
  completed: number
  failed: number
  /** Queued or being worked on. */
  open: number
  /** 0 to 100 over everything that is worked on. */
  progress: number
}

/** Of the documents, and of the latest report while it is made or when it failed. */
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

/** Jobs that can be put into the queue again; of reports only the latest, as an older one is of no use any more. */
export function failedJobs({ documents, reports }: Incident): Job[] {
  const jobs = [...documents.map(({ job }) => job), latestReport(reports)?.job ?? null]
  return jobs.filter((job) => job !== null).filter(({ status }) => status === 'failed')
}

/** The order of the list. */
export function newestFirst(a: Incident, b: Incident): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1
  return a.id === b.id ? 0 : a.id < b.id ? 1 : -1
}
