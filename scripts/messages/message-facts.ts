/** What the documentation says about each message, from the definitions: when it is sent, how it is kept, examples. */

import {
  FAILURE_FIELDS,
  type KindDefinition,
  type Moment,
  PROGRESS_FIELDS,
} from '../../functions-shared/definitions/kind.ts'
import { messageFields, momentsOf } from '../../functions-shared/definitions/message-fields.ts'
import { type Property, propertiesOf } from './schemas.ts'

/** Says when a message of this moment of a job is sent. */
export const MOMENT_MEANINGS: Readonly<Record<Moment, string>> = {
  queued: 'a job is added, or a failed job is queued again',
  started: 'a worker claims the job for the first time',
  progress:
    'progress, stage or partial result of the job changes, an attempt ends and another one follows, or a change has no type of its own',
  completed: 'the job is completed',
  failed: 'the job has failed for good',
}

export type Keeping = 'durable' | 'volatile' | 'both'

export function whenSent(kind: KindDefinition, type: string): string {
  return momentsOf(kind, type)
    .map((moment) => MOMENT_MEANINGS[moment])
    .join('; ')
}

/** Progress is volatile, every other change is kept. */
export function keepingOf(kind: KindDefinition, type: string): Keeping {
  const moments = momentsOf(kind, type)
  if (!moments.includes('progress')) return 'durable'
  return moments.length === 1 ? 'volatile' : 'both'
}

/** A message of a job without a queue; of several moments of one type, the one of a completed job. */
export function jobExample(kind: KindDefinition, type: string): Record<string, unknown> {
  const of = momentsOf(kind, type)
  const left = {
    ...(of.length > 1 ? { ...PROGRESS_FIELDS, ...FAILURE_FIELDS } : {}),
    ...(kind.always !== undefined && 'queueId' in kind.always ? {} : { queueId: true }),
  }
  return exampleOf(
    type,
    propertiesOf(messageFields(kind, type)).filter(({ name }) => !(name in left)),
  )
}

/** The message with the example of each of its fields. */
export function exampleOf(type: string | null, properties: readonly Property[]): Record<string, unknown> {
  const fields = properties
    .filter(({ name }) => name !== 'type')
    .map(({ name, schema }): [string, unknown] => [name, schema.examples?.[0] ?? schema.enum?.at(-1) ?? null])
  return { type: type ?? 'note', ...Object.fromEntries(fields) }
}
