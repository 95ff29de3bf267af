/** What a message about a job says to people: the one place for its words, for toasts, lists and logs. Pure. */

import { JOB_MESSAGE_FAMILIES, type JobMessage } from '../../../functions-shared/message-types.ts'
import { fileSize, plural, sentence } from './format.ts'
import { failureReason } from './missing-fields.ts'

export const JOB_TOPICS = ['photo', 'file', 'voice', 'report', 'status'] as const

/** What kind of thing the message is about; `status` for status updates and for kinds of job without words here. */
export type JobTopic = (typeof JOB_TOPICS)[number]

export type JobTone = 'busy' | 'done' | 'failed' | 'neutral'

export interface JobWords {
  topic: JobTopic
  tone: JobTone
  /** What happened, e.g. `Photo ready`. */
  title: string
  /** Where the message says more than the title: the reason of a failure, the stage, the result. */
  detail: string
  /** 0 to 100 while it is worked on; else null. */
  progress: number | null
}

const NOUNS: Record<Exclude<JobTopic, 'status'>, string> = {
  photo: 'Photo',
  file: 'Attachment',
  voice: 'Voice note',
  report: 'Report',
}

const TONES: Readonly<Record<string, JobTone>> = {
  pending: 'neutral',
  queued: 'neutral',
  processing: 'busy',
  generating: 'busy',
  started: 'busy',
  running: 'busy',
  completed: 'done',
  success: 'done',
  succeeded: 'done',
  done: 'done',
  failed: 'failed',
  error: 'failed',
}

export function jobWords(message: JobMessage): JobWords {
  const tone = toneOf(message)
  const failure = tone === 'failed' ? failureReason(message.error ?? 'It could not be processed.') : null
  if (message.type === 'status_update') {
    const { updateType, resource, status } = message
    const title = [sentence(updateType), resource].filter((part) => part !== '').join(' ')
    return { topic: 'status', tone, title, detail: failure ?? sentence(status), progress: null }
  }
  const topic = topicOf(message)
  const noun = topic === 'status' ? sentence(JOB_MESSAGE_FAMILIES[message.type]) : NOUNS[topic]
  const progress = tone === 'busy' ? (message.progress ?? 0) : null
  const detail = failure ?? (tone === 'busy' ? sentence(message.stage ?? '') : resultOf(message))
  return { topic, tone, title: titleOf(noun, topic, tone), detail, progress }
}

/** Another service's word need not be one of ours; that it failed or goes on is said beside it. */
function toneOf(message: JobMessage): JobTone {
  const state = message.type === 'status_update' ? message.state : undefined
  if (state === 'failed') return 'failed'
  return TONES[message.status] ?? (state === 'processing' ? 'busy' : 'neutral')
}

function topicOf(message: Exclude<JobMessage, { type: 'status_update' }>): JobTopic {
  const family = JOB_MESSAGE_FAMILIES[message.type]
  if (family === 'pdf') return 'report'
  if (family === 'transcription') return 'voice'
  if (family !== 'image') return 'status'
  // The function that reads photos keeps and checks other attachments, too.
  const isFile = 'documentType' in message && /attachment|pdf|file/i.test(String(message.documentType))
  return isFile ? 'file' : 'photo'
}

function titleOf(noun: string, topic: JobTopic, tone: JobTone): string {
  switch (tone) {
    case 'neutral':
      return `${noun} queued`
    case 'busy':
      return topic === 'voice'
        ? 'Transcribing voice note'
        : topic === 'report'
          ? 'Making report'
          : `Processing ${noun.toLowerCase()}`
    case 'done':
      return topic === 'voice' ? 'Voice note transcribed' : `${noun} ready`
    case 'failed':
      return `${noun} failed`
  }
}

function resultOf(message: JobMessage): string {
  if ('fileSize' in message && message.fileSize !== undefined) return fileSize(message.fileSize)
  if ('wordCount' in message && message.wordCount !== undefined) {
    const words = plural(message.wordCount, 'word')
    return message.duration === undefined ? words : `${words}, ${minutes(message.duration)}`
  }
  return ''
}

/** Seconds as `m:ss`. */
function minutes(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
