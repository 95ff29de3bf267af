/** One toast per job, from its start to its end. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { ShowToast, ToastType } from '../toasts/index.ts'
import { sentence } from './format.ts'

const SUBJECTS = [
  ['documentId', 'Photo'],
  ['reportId', 'Report'],
  ['transcriptionId', 'Voice note'],
] as const

/** @param subject how people know it, e.g. the file's name; null where it is not known. */
export function jobToast(message: JobMessage, subject: string | null): (ShowToast & { key: string }) | null {
  const name = SUBJECTS.find(([field]) => field in message)?.[1]
  if (name === undefined) return null
  const common = { key: `job:${message.jobId}` }
  switch (message.status) {
    case 'completed':
      return { ...common, title: `${name} ready`, message: subject ?? '', type: 'success' }
    case 'failed':
      return {
        ...common,
        title: subject === null ? `${name} failed` : `${name} failed: ${subject}`,
        message: message.error ?? 'It could not be processed.',
        type: 'error',
      }
    case 'processing':
    case 'generating':
      return {
        ...common,
        title: `Processing ${name.toLowerCase()}`,
        message: subject ?? (('stage' in message && message.stage && sentence(message.stage)) || ''),
        type: 'info',
        progress: ('progress' in message ? message.progress : undefined) ?? 0,
        // It ends with the job; this is for a job that falls silent.
        durationMs: 60_000,
      }
    default:
      return null
  }
}

/** What happened while nobody looked, in one toast instead of many. */
export function summaryToast(messages: readonly JobMessage[]): (ShowToast & { key: string }) | null {
  const ended = messages.filter(({ status }) => status === 'completed' || status === 'failed')
  if (ended.length === 0) return null
  const failed = ended.filter(({ status }) => status === 'failed').length
  const type: ToastType = failed > 0 ? 'warning' : 'info'
  return {
    key: 'while-away',
    title: 'While you were away',
    message:
      failed === 0 ? `${ended.length} finished` : `${ended.length - failed} finished, ${failed} failed`,
    type,
    durationMs: 8_000,
  }
}
