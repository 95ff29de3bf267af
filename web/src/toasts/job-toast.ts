/** The toast of a job, the same from start to end, for every kind of job. Pure functions. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { WORDS_BY_TYPE } from '../../../functions-shared/message-words.ts'
import { plural } from '../shared/format.ts'
import { type JobTone, jobWords } from '../shared/job-words.ts'
import type { ShowToast, ToastAction, ToastType } from './store.ts'

export interface JobToastContext {
  /** Name of the message's subject, e.g. a file name; null when unknown. */
  subject: string | null
  /** Link to the subject on this page; null when the page does not show it. */
  href: string | null
}

const TYPES: Record<JobTone, ToastType> = {
  busy: 'info',
  neutral: 'info',
  done: 'success',
  failed: 'error',
}

/** Milliseconds until the toast of a running job without further messages is removed. */
const SILENT_AFTER = 60_000

export function jobToastKey(jobId: string): string {
  return `job:${jobId}`
}

/** @returns null for a queued job, which needs no toast. */
export function jobToast(
  message: JobMessage,
  { subject, href }: JobToastContext,
): (ShowToast & { key: string }) | null {
  const { tone, title, detail, progress } = jobWords(message)
  // The text of another service is always shown.
  if (tone === 'neutral' && WORDS_BY_TYPE[message.type].own === undefined) return null
  const busy = tone === 'busy'
  // A failed job's message is the reason, so its title names the subject.
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

/** One toast for all missed messages. */
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

/** One toast for a burst of messages. */
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

/** Adds `download`, with which Storage answers with an attachment. */
function downloadUrl(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return url
  parsed.searchParams.set('download', '')
  return parsed.href
}
