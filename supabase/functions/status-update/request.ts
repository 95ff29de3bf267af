/** The body of a call of another service, checked field by field. SQL checks what only the database can know. */

import * as v from 'valibot'
import { AppError } from '../../../functions-shared/app-error.ts'
import { readAs } from '../../../functions-shared/read-as.ts'

/** The states that a service may report. `queued` is for jobs that are inserted by SQL. */
const STATES = ['processing', 'completed', 'failed'] as const

/** @param max in code points */
const text = (max: number) =>
  v.pipe(
    v.string(),
    v.check((value) => value.trim() !== '' && [...value].length <= max),
  )
const id = v.pipe(v.string(), v.uuid())
const optional = <Schema extends v.GenericSchema>(schema: Schema) => v.nullish(schema, null)

const failure = {
  /** For people. */
  error: optional(text(2000)),
  errorCode: optional(v.pipe(text(64), v.regex(/^[a-z][a-z0-9_]*$/))),
}

/** Starts or publishes a status update for a user, for the owner of an incident, or for that member of it. */
const sendRequest = v.pipe(
  v.strictObject({
    userId: optional(id),
    incidentId: optional(id),
    updateType: v.pipe(text(64), v.regex(/^[A-Za-z][\w.-]*$/)),
    resource: text(200),
    status: text(50),
    data: v.nullish(v.unknown(), null),
    state: v.nullish(v.picklist(STATES), 'completed'),
    ...failure,
    idempotencyKey: optional(text(200)),
  }),
  v.forward(
    v.check(({ userId, incidentId }) => userId !== null || incidentId !== null),
    ['userId'],
  ),
  v.transform((request) => ({ kind: 'send' as const, ...request })),
)
export type SendRequest = v.InferOutput<typeof sendRequest>

/** Reports progress or the end of a status update that is processing. */
const advanceRequest = v.pipe(
  v.strictObject({
    jobId: id,
    status: optional(text(50)),
    data: v.nullish(v.unknown(), null),
    state: v.nullish(v.picklist(STATES), 'processing'),
    /** Percent. */
    progress: optional(
      v.pipe(
        v.number(),
        v.minValue(0),
        v.maxValue(100),
        v.transform((percent) => Math.round(percent)),
      ),
    ),
    ...failure,
  }),
  v.transform((request) => ({ kind: 'advance' as const, ...request })),
)
export type AdvanceRequest = v.InferOutput<typeof advanceRequest>

const advances = v.looseObject({ jobId: v.unknown() })
const keyed = v.looseObject({ idempotencyKey: optional(v.unknown()) })

/**
 * @param key the header `Idempotency-Key`, which may stand instead of the field.
 * @throws AppError `invalid_status_update` with the name of the field.
 */
export function parseStatusUpdate(body: unknown, key: string | null): SendRequest | AdvanceRequest {
  if (v.is(advances, body)) return readAs(advanceRequest, body, invalid)
  const fields = readAs(keyed, body, invalid)
  const { idempotencyKey } = fields
  if (key !== null && idempotencyKey !== null && key !== idempotencyKey) throw invalid('idempotencyKey')
  return readAs(sendRequest, { ...fields, idempotencyKey: key ?? idempotencyKey }, invalid)
}

function invalid(field: string): AppError {
  return new AppError('invalid_status_update', { details: { field: field.slice(0, 100) || 'body' } })
}
