/**
 * How a kind of job is defined. One file for each kind in `functions-shared/kinds/`; `npm run messages` writes from
 * them what pages and readers use: message types, parser tables, words, `docs/messages.md` and `docs/asyncapi.yaml`.
 *
 * A job's messages are built by the database (`private.job_message`) from the kind's row in `private.job_kinds`. A
 * definition says the same as that row, and a test holds the two together:
 *
 *   definition        column of private.job_kinds
 *   types             queued_type, started_type, progress_type, completed_type, failed_type
 *   statuses          queued_status, started_status, completed_status, failed_status
 *   subject           subject_key
 *   input, result     input_keys, result_keys
 */

import * as v from 'valibot'
import type { JobState, JobTopic, ResultWords } from './kind-words.ts'

/** The changes of a job that a message can tell of. */
export const MOMENTS = ['queued', 'started', 'progress', 'completed', 'failed'] as const

export type Moment = (typeof MOMENTS)[number]

/** The schema of one field. `v.exactOptional` around a field that some messages lack. */
export type Field = v.GenericSchema | v.ExactOptionalSchema<v.GenericSchema, undefined>

export type Fields = Readonly<Record<string, Field>>

/** A schema with its meaning and an example, both for the documentation. */
export function field<const Schema extends v.GenericSchema>(
  schema: Schema,
  meaning: string,
  example: v.InferInput<Schema>,
) {
  return v.pipe(schema, v.description(meaning), v.examples([example]))
}

export interface KindDefinition {
  /** Value of `jobs.kind`, e.g. `vehicle_valuation`. */
  kind: string
  /** Name of the TypeScript interface of the messages, e.g. `VehicleValuationMessage`. */
  typeName: string
  /** The Edge Function that does the work. */
  functionName: string
  /** What the work is, in a sentence. */
  about: string
  /** The message type of each moment; null where no message is sent. */
  types: Readonly<Record<Exclude<Moment, 'completed' | 'failed'>, string | null>> &
    Readonly<Record<'completed' | 'failed', string>>
  /** The word in the message's field `status` for each state, where it is another one than the state's name. */
  statuses?: Readonly<Partial<Record<JobState, string>>>
  /** The field that carries `jobs.subject_id`. */
  subject: Fields
  /** Fields copied from `jobs.input` into every message. */
  input?: Fields
  /** Fields that the database sets in every message of this kind, other than those of all kinds. */
  always?: Fields
  /** Fields of `report_progress`'s `p_partial`, in progress messages. */
  partial?: Fields
  /** Fields copied from `jobs.result` into the message of the end. */
  result?: Fields
  /**
   * Fields of type string without which a listener cannot work: a message that lacks one is not delivered. `jobId`,
   * `timestamp` and `status` are required of every message.
   */
  required: readonly string[]
  /** The field with a signed URL and the field with its end. The client signs the URL again when it has ended. */
  signedUrl?: { url: string; expiresAt: string }
  words: KindWordsDefinition
}

export interface KindWordsDefinition {
  /** Name of the thing, e.g. `Voice note`. Words that are not given are made from it. */
  noun: string
  /** Default `status`. */
  topic?: JobTopic
  /** The kind's choice in the inbox's filter. */
  choice: string
  /** Toast and inbox. Default: `<noun> queued`, `Processing <noun>`, `<noun> ready`, `<noun> failed`. */
  titles?: Readonly<Partial<Record<JobState, string>>>
  /** The dashboard's live log. Default: `<noun> started`, `<noun> in progress`; otherwise the title. */
  log?: Readonly<Partial<Record<Moment, string>>>
  /** The incident's timeline. Default: as in the log. Progress is not shown there. */
  timeline?: Readonly<Partial<Record<Exclude<Moment, 'progress'>, string>>>
  /** Fields of the result that are shown with the title of a completed job. */
  result?: readonly ResultWords[]
  /** Another noun for messages in which a field matches. */
  variants?: readonly { field: string; matches: RegExp; noun: string; topic: JobTopic }[]
  /** Fields of the message that are title and detail: another service describes its work in its own words. */
  own?: { title: readonly string[]; detail: string }
}

export function defineKind<const Definition extends KindDefinition>(definition: Definition): Definition {
  return definition
}

/** Fields of every message about a job. */
export const JOB_FIELDS = {
  jobId: field(v.string(), 'Id of the job.', '5b0c5b3e-6a0e-4d55-9a54-6b8f0c6b9a01'),
  incidentId: field(
    v.nullable(v.string()),
    'Id of the incident that the job belongs to; null for a job without one.',
    '0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02',
  ),
  timestamp: field(
    v.string(),
    'The moment of the change: ISO 8601 with milliseconds, UTC.',
    '2026-11-23T10:00:00.000Z',
  ),
  revision: v.exactOptional(
    field(
      v.number(),
      '`jobs.revision`. It rises by one with every message about the job, and orders the messages of a `queue:<id>` topic, which have no `seq`. Absent from notifications that were stored before the column existed.',
      3,
    ),
  ),
  queueId: v.exactOptional(
    field(
      v.nullable(v.string()),
      'Id of the queue that the job belongs to. Messages of such a job also go to `queue:<queueId>`.',
      'c1f7a9d2-3b44-4c0e-9d0a-7d5a3e8b4c03',
    ),
  ),
} satisfies Fields

/** Fields of durable messages on the user's own topic. */
export const DURABLE_FIELDS = {
  seq: v.exactOptional(
    field(
      v.number(),
      "Place in the user's sequence, without gaps. Present on durable messages of the user's own topic only.",
      42,
    ),
  ),
  epoch: v.exactOptional(
    field(
      v.string(),
      "Changes when the user's numbering starts afresh. Present together with `seq`.",
      '7d1f0c52-8a11-4f0e-b6f3-1f2f8e6a5d04',
    ),
  ),
} satisfies Fields

/** Why a user has the message, and how much the user wants to be disturbed. On the user's own topic only. */
export const PERSONAL_FIELDS = {
  reason: v.exactOptional(
    field(
      v.picklist(['owner', 'assigned', 'mentioned', 'following', 'staff']),
      'Why the user has the message. Absent for a message without an incident, and for a user who does not follow the incident.',
      'owner',
    ),
  ),
  quiet: v.exactOptional(
    field(
      v.literal(true),
      'Pages show no toast: the user wants this kind of message in the inbox only or, without `seq`, not at all, or has made the change.',
      true,
    ),
  ),
} satisfies Fields

export const PROGRESS_FIELDS = {
  progress: v.exactOptional(field(v.number(), 'Percent, 0 to 100. On progress messages.', 40)),
  stage: v.exactOptional(
    field(v.string(), 'Name of the step that the worker is at. On progress messages.', 'downloading'),
  ),
} satisfies Fields

export const END_FIELDS = {
  processingDuration: v.exactOptional(
    field(v.number(), 'Milliseconds from the claim to the end. On the message of the end.', 812),
  ),
} satisfies Fields

export const FAILURE_FIELDS = {
  error: v.exactOptional(
    field(v.string(), 'Why the job failed, in a sentence for people.', 'The image file is incomplete.'),
  ),
  errorCode: v.exactOptional(
    field(v.string(), 'Why the job failed, as a code of `docs/error-codes.md`.', 'image_truncated'),
  ),
} satisfies Fields

/** Field of the kinds whose `status` is a word of another service: where the job stands, in the words of `jobs.status`. */
export const STATE_FIELD = {
  state: v.exactOptional(
    field(
      v.picklist(['queued', 'processing', 'completed', 'failed']),
      'Where the job stands, whatever word `status` uses. Absent from notifications that were stored before the field existed.',
      'completed',
    ),
  ),
} satisfies Fields
