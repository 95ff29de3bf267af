/** The events of an incident's timeline, from its rows and from the durable notifications about it. Pure. */

import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import { TIMELINE_TITLES } from '../../../../functions-shared/message-words.ts'
import { dateTime, sentence } from '../../shared/format.ts'
import { jobWords, TONES } from '../../shared/job-words.ts'
import { documentName } from '../incidents.ts'
import type { Incident, IncidentDocument, Job } from '../records.ts'

export type TimelineTone = 'done' | 'failed' | 'busy' | 'neutral'

export interface TimelineEvent {
  key: string
  /** ISO 8601. */
  at: string
  tone: TimelineTone
  title: string
  detail: string
}

/** Newest first. @param messages durable ones of this incident, in any order. */
export function timelineOf(incident: Incident, messages: readonly JobMessage[]): TimelineEvent[] {
  const told = messages.flatMap((message) => eventOf(message, incident))
  const known = new Set(messages.map(({ jobId, status }) => `${jobId} ${endOf(status)}`))
  const fromRows = rowEvents(incident).filter(({ key }) => !known.has(key))
  return [...told, ...fromRows].sort(
    (a, b) => Date.parse(b.at) - Date.parse(a.at) || (a.key < b.key ? 1 : -1),
  )
}

function eventOf(message: JobMessage, incident: Incident): TimelineEvent[] {
  const key = `${message.jobId} ${message.seq ?? message.revision ?? message.timestamp}`
  const at = message.timestamp
  if (message.type === 'status_update') {
    const tone = message.status === 'failed' ? 'failed' : 'neutral'
    return [
      { key, at, tone, title: jobWords(message).title, detail: message.error ?? sentence(message.status) },
    ]
  }
  const [title, state] = TIMELINE_TITLES[message.type] ?? []
  if (title === undefined || state === undefined) return []
  const detail = [nameOf(message, incident), message.error].filter(Boolean).join(' · ')
  return [{ key, at, tone: TONES[state], title, detail }]
}

function nameOf(message: JobMessage, incident: Incident): string | null {
  const document = incident.documents.find(
    ({ id, job }) => job?.id === message.jobId || ('documentId' in message && message.documentId === id),
  )
  return document === undefined ? null : documentName(document)
}

/** Events from rows: for times without notifications, and for members who get none. */
function rowEvents(incident: Incident): TimelineEvent[] {
  const event = (key: string, at: string, title: string, detail: string, tone: TimelineTone = 'neutral') => ({
    key,
    at,
    tone,
    title,
    detail,
  })
  return [
    event('reported', incident.createdAt, 'Reported', incident.reporterEmail ?? ''),
    ...incident.documents.flatMap((document) => {
      const name = documentName(document)
      return [
        event(`added ${document.id}`, document.createdAt, 'File added', [name, keptSince(document)].join('')),
        ...ended(document.job, document.kind === 'audio' ? 'Voice note transcribed' : 'Ready', name),
      ]
    }),
    ...incident.reports.flatMap((report) => [
      event(
        `report ${report.id}`,
        report.createdAt,
        report.automatic ? 'Report begun' : 'Report asked for',
        '',
      ),
      ...ended(report.job, 'Report ready', ''),
    ]),
  ]
}

function keptSince({ receivedAt }: IncidentDocument): string {
  return receivedAt === null ? '' : ` · kept unchanged since ${dateTime(receivedAt)}`
}

function ended(job: Job | null, title: string, name: string): TimelineEvent[] {
  if (job === null || job.changedAt === '' || (job.status !== 'completed' && job.status !== 'failed'))
    return []
  const failed = job.status === 'failed'
  return [
    {
      key: `${job.id} ${job.status}`,
      at: job.changedAt,
      tone: failed ? 'failed' : 'done',
      title: failed ? 'Failed' : title,
      detail: [name, failed ? job.error : null].filter(Boolean).join(' · '),
    },
  ]
}

function endOf(status: string): string {
  return status === 'completed' || status === 'failed' ? status : ''
}
