/** The fields of a kind's messages, as `private.job_message` makes them from the kind's row and the job. */

import * as v from 'valibot'
import {
  DURABLE_FIELDS,
  END_FIELDS,
  FAILURE_FIELDS,
  type Fields,
  JOB_FIELDS,
  type KindDefinition,
  MOMENTS,
  type Moment,
  PERSONAL_FIELDS,
  PROGRESS_FIELDS,
  STATE_FIELD,
} from './kind.ts'
import { JOB_STATES, type JobState } from './kind-words.ts'
import { NEWS_FIELDS, type NewsDefinition } from './news.ts'

/** States of a job when a message of that moment is sent. A retry sends progress, too. */
const STATES: Readonly<Record<Moment, readonly JobState[]>> = {
  queued: ['queued'],
  started: ['processing'],
  progress: ['queued', 'processing'],
  completed: ['completed'],
  failed: ['failed'],
}

export function momentsOf({ types }: KindDefinition, type: string): Moment[] {
  return MOMENTS.filter((moment) => types[moment] === type)
}

/** The types of a kind's messages, each once, in the order of a job's life. */
export function messageTypes({ types }: KindDefinition): string[] {
  return [...new Set(Object.values(types))].filter((type) => type !== null)
}

/** The word in `status` for a state. */
export function statusWord({ statuses }: KindDefinition, state: JobState): string {
  return statuses?.[state] ?? state
}

/** Whether `status` is a word of another service, and `state` says where the job stands. */
export function hasOwnStatus({ input }: KindDefinition): boolean {
  return input !== undefined && 'status' in input
}

/** Fields that are the kind's own, but for `type`: every message has those of `always`, some have those of `sometimes`. */
export function ownFields(kind: KindDefinition): { always: Fields; sometimes: Fields } {
  const { subject, input, partial, result } = kind
  const always = { ...subject, ...input, ...kind.always, ...statusField(kind, JOB_STATES) }
  const others = Object.entries({ ...partial, ...result }).filter(([name]) => !(name in always))
  return { always, sometimes: Object.fromEntries(others) }
}

/** All fields of the messages of one type, as the database sends them on the user's own topic. */
export function messageFields(kind: KindDefinition, type: string): Fields {
  const moments = momentsOf(kind, type)
  const on = (...wanted: Moment[]) => moments.some((moment) => wanted.includes(moment))
  const states = moments.flatMap((moment) => STATES[moment])
  return {
    type: v.literal(type),
    ...JOB_FIELDS,
    ...ownFields(kind).always,
    ...statusField(kind, states),
    ...(on('progress') ? { ...PROGRESS_FIELDS, ...kind.partial } : {}),
    ...(on('completed') ? kind.result : {}),
    ...(on('completed', 'failed') ? END_FIELDS : {}),
    ...(on('failed') ? FAILURE_FIELDS : {}),
    ...(on('queued', 'started', 'completed', 'failed') ? DURABLE_FIELDS : {}),
    ...PERSONAL_FIELDS,
  }
}

/** All fields of a message about an incident. */
export function newsFields({ type, fields }: NewsDefinition): Fields {
  return { type: v.literal(type), ...NEWS_FIELDS, ...fields, ...DURABLE_FIELDS, ...PERSONAL_FIELDS }
}

function statusField(kind: KindDefinition, states: readonly JobState[]): Fields {
  if (hasOwnStatus(kind)) return STATE_FIELD
  const words = [...new Set(states.map((state) => statusWord(kind, state)))]
  return { status: v.pipe(v.picklist(words), v.description('Where the job stands.')) }
}
