/** The toast of a job: one from start to end, whatever kind of work it is. Pure. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { WORDS_BY_TYPE } from '../../../functions-shared/message-words.ts'
import { plural } from '../shared/format.ts'
import { type JobTone, jobWords } from '../shared/job-words.ts'
import type { ShowToast, ToastAction, ToastType } from './store.ts'

export interface JobToastContext {
  /** How people know what the message is about, e.g. a file's name; null where that is not known. */
  subject: string | null
  /** Where on the page it is shown; null for nowhere. */
  href: string | null
}

const TYPES: Record<JobTone, ToastType> = {
  busy: 'info',
  neutral: 'info',
  done: 'success',
  failed: 'error',
}

/** Milliseconds; a job's toast ends with the job, and this is for one that falls silent. */
const SILENT_AFTER = 60_000

export function jobToastKey(jobId: string): string {
  return `job:${jobId}`
}

/** @returns null for what nobody needs to be told at once: work that waits for its turn. */
export function jobToast(
  message: JobMessage,
  { subject, href }: JobToastContext,
): (ShowToast & { key: string }) | null {
  const { tone, title, detail, progress } = jobWords(message)
  // Words of another service are news, whatever state they mean.
  if (tone === 'neutral' && WORDS_BY_TYPE[message.type].own === undefined) return null
  const busy = tone === 'busy'
  // A failure has its reason as the message, so its title has to say whose it is.
  const named = tone === 'failed' && subject !== null
  return {
    key: jobToastKey(message.jobId),
    title: named ? `${title}: ${subject}` : title,
    message: named || subject === null ? detail : [subject, busy ? '' : detail].filter(Boolean).join(' · '),
    type: TYPES[tone],
    actions: actionsOf(message, href, busy),
    ...(progress === null ? {} : { progress }),
    ...(busy ? { durationMs: SILENT_AFTER } : {}),
  }
}

/** What happened while nobody looked, in one toast instead of many. */
export function summaryToast(messages: readonly JobMessage[]): (ShowToast & { key: string }) | null {
  const tones = messages.map((message) => jobWords(message).tone)
  const failed = tones.filter((tone) => tone === 'failed').length
  const ended = failed + tones.filter((tone) => tone === 'done').length
  if (ended === 0) return null
  return {
    key: 'while-away',
    title: 'While you were away',
    message: failed === 0 ? `${ended} finished` : `${ended - failed} finished, ${failed} failed`,
    type: failed > 0 ? 'warning' : 'info',
    durationMs: 8_000,
  }
}

/** More than can be told one by one, as it happens. */
export function burstToast(count: number, failed: number): ShowToast & { key: string } {
  return {
    key: 'many-at-once',
    title: 'Many updates at once',
    message: `${plural(count, 'more update')}${failed === 0 ? '' : `, ${failed} failed`}. All of them are in the inbox.`,
    type: failed === 0 ? 'info' : 'warning',
  }
}

function actionsOf(message: JobMessage, href: string | null, busy: boolean): ToastAction[] {
  const actions: ToastAction[] = []
  if ('pdfUrl' in message && message.pdfUrl !== undefined)
    actions.push({ label: 'Download', href: downloadUrl(message.pdfUrl), download: 'report.pdf' })
  if (href !== null && !busy) actions.push({ label: 'View', href })
  return actions
}

/** Storage answers with the file as an attachment when it is asked so. */
function downloadUrl(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return url
  parsed.searchParams.set('download', '')
  return parsed.href
}
