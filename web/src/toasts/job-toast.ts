/** The toast of a thread of messages: of a job the same from start to end, of an incident's notes one. Pure functions. */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import { WORDS_BY_TYPE } from '../../../functions-shared/message-words.ts'
import { isAboutJob } from '../../../functions-shared/parse-message.ts'
import { plural } from '../shared/format.ts'
import type { JobTone } from '../shared/job-words.ts'
import { messageWords, threadOf } from '../shared/message-words.ts'
import type { ShowToast, ToastAction, ToastType } from './store.ts'

export interface JobToastContext {
  /** Name of the message's subject, e.g. a file name; null when unknown. */
  subject: string | null
  /** Link to the subject on this page; null when the page does not show it. */
  href: string | null
  /** Id of the signed-in user; null when unknown. */
  self: string | null
}

const TYPES: Record<JobTone, ToastType> = {
  busy: 'info',
  neutral: 'info',
  done: 'success',
  failed: 'error',
}

/** Milliseconds until the toast of a running job without further messages is removed. */
const SILENT_AFTER = 60_000

/** @param thread see `threadOf`; of a job its id. */
export function toastKey(thread: string): string {
  return `job:${thread}`
}

/** @returns null for a queued job, which needs no toast. */
export function messageToast(
  message: UserMessage,
  { subject, href, self }: JobToastContext,
): (ShowToast & { key: string }) | null {
  const { tone, title, detail, progress } = messageWords(message, self)
  // The text of another service is always shown.
  if (isAboutJob(message) && tone === 'neutral' && WORDS_BY_TYPE[message.type].own === undefined) return null
  const busy = tone === 'busy'
  // A failed job's message is the reason, so its title names the subject.
  const named = tone === 'failed' && subject !== null
  return {
    key: toastKey(threadOf(message)),
    title: named ? `${title}: ${subject}` : title,
    message: named || subject === null ? detail : [subject, busy ? '' : detail].filter(Boolean).join(' · '),
    type: TYPES[tone],
    actions: actionsOf(message, href, busy),
    ...(progress === null ? {} : { progress }),
    ...(busy ? { durationMs: SILENT_AFTER } : {}),
  }
}

/** One toast for all missed messages. */
export function summaryToast(messages: readonly UserMessage[]): (ShowToast & { key: string }) | null {
  const tones = messages.map((message) => messageWords(message, null).tone)
  const failed = tones.filter((tone) => tone === 'failed').length
  const ended = failed + tones.filter((tone) => tone === 'done').length
  const news = messages.filter((message) => !isAboutJob(message)).length
  if (ended + news === 0) return null
  const parts = [
    ...(ended > failed || (failed > 0 && news === 0) ? [`${ended - failed} finished`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(news > 0 ? [`${news} more`] : []),
  ]
  return {
    key: 'while-away',
    title: 'While you were away',
    message: parts.join(', '),
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

function actionsOf(message: UserMessage, href: string | null, busy: boolean): ToastAction[] {
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
