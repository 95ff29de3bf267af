/** What a message about a job says to people: the one place for its words, for toasts, lists and logs. Pure. */

import type { JobState, JobTopic, ResultWords } from '../../../functions-shared/definitions/kind-words.ts'
import { stateOf } from '../../../functions-shared/job-state.ts'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { WORDS_BY_TYPE } from '../../../functions-shared/message-words.ts'
import { fileSize, plural, sentence } from './format.ts'
import { failureReason } from './missing-fields.ts'

export type { JobTopic }

export type JobTone = 'busy' | 'done' | 'failed' | 'neutral'

export interface JobWords {
  topic: JobTopic
  tone: JobTone
  /** What happened, e.g. `Photo ready`. */
  title: string
  /** Where the message says more than the title: the reason of a failure, the stage, the result. */
  detail: string
  /** 0 to 100 while the job is worked on; else null. */
  progress: number | null
}

export const TONES: Readonly<Record<JobState, JobTone>> = {
  queued: 'neutral',
  processing: 'busy',
  completed: 'done',
  failed: 'failed',
}

const STATES: Readonly<Record<JobTone, JobState>> = {
  neutral: 'queued',
  busy: 'processing',
  done: 'completed',
  failed: 'failed',
}

/** Words that other services use for a state, beside those of `jobs.status`. */
const FOREIGN_STATUSES: ReadonlyMap<string, JobTone> = new Map([
  ['started', 'busy'],
  ['running', 'busy'],
  ['success', 'done'],
  ['succeeded', 'done'],
  ['done', 'done'],
  ['error', 'failed'],
])

export function jobWords(message: JobMessage): JobWords {
  const tone = toneOf(message)
  const words = WORDS_BY_TYPE[message.type]
  const failure = tone === 'failed' ? failureReason(message.error ?? 'It could not be processed.') : null
  const text = (field: string): string => String(Reflect.get(message, field) ?? '')
  if (words.default === undefined) {
    const { title: [first = '', ...others] = [], detail = '' } = words.own ?? {}
    const title = [sentence(text(first)), ...others.map(text)].filter((part) => part !== '').join(' ')
    return { topic: 'status', tone, title, detail: failure ?? sentence(text(detail)), progress: null }
  }
  const { topic, titles } =
    words.variants?.find(({ field, matches }) => matches.test(text(field))) ?? words.default
  const busy = tone === 'busy'
  return {
    topic,
    tone,
    title: titles[STATES[tone]],
    detail: failure ?? (busy ? sentence(message.stage ?? '') : resultOf(message, words.result)),
    progress: busy ? (message.progress ?? 0) : null,
  }
}

/** A status of another service need not be a word known here. `state` says whether its work failed or goes on. */
function toneOf(message: JobMessage): JobTone {
  const state = 'state' in message ? message.state : undefined
  if (state === 'failed') return 'failed'
  const known = stateOf(message)
  if (known !== null) return TONES[known]
  return FOREIGN_STATUSES.get(message.status) ?? (state === 'processing' ? 'busy' : 'neutral')
}

function resultOf(message: JobMessage, result: readonly ResultWords[] = []): string {
  return result
    .flatMap(({ field, as }) => {
      const value: unknown = Reflect.get(message, field)
      if (typeof value === 'string') return value
      if (typeof value !== 'number') return []
      if (as === 'bytes') return fileSize(value)
      if (as === 'duration') return minutes(value)
      return as === 'text' ? String(value) : plural(value, as.plural)
    })
    .join(', ')
}

/** Seconds as `m:ss`. */
function minutes(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
