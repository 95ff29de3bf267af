/** The body of a call: checked field by field, so that a service learns which one is wrong. SQL checks the rest. */

import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'

/** What a service may say; `queued` is for jobs that are inserted by SQL. */
export const STATES = ['processing', 'completed', 'failed'] as const
export type State = (typeof STATES)[number]

interface Failure {
  /** For people. */
  error?: string
  /** Lower case words joined by `_`. */
  errorCode?: string
}

/** Whom it concerns: a user, the owner of an incident, or that member of it. */
export interface SendRequest extends Failure {
  kind: 'send'
  userId?: string
  incidentId?: string
  updateType: string
  resource: string
  status: string
  data?: unknown
  state: State
  idempotencyKey?: string
}

export interface AdvanceRequest extends Failure {
  kind: 'advance'
  jobId: string
  status?: string
  data?: unknown
  state: State
  /** Percent. */
  progress?: number
}

const SEND_FIELDS = [
  'userId',
  'incidentId',
  'updateType',
  'resource',
  'status',
  'data',
  'state',
  'error',
  'errorCode',
  'idempotencyKey',
]
const ADVANCE_FIELDS = ['jobId', 'status', 'data', 'state', 'progress', 'error', 'errorCode']

const MAX_KEY_LENGTH = 200

/**
 * @param key the header `Idempotency-Key`, which says the same as the field.
 * @throws AppError `invalid_status_update` with the name of the field.
 */
export function parseStatusUpdate(body: unknown, key: string | null): SendRequest | AdvanceRequest {
  if (!isRecord(body)) throw invalid('body')
  if ('jobId' in body) {
    requireKnown(body, ADVANCE_FIELDS)
    return {
      kind: 'advance',
      jobId: required(uuid(body, 'jobId'), 'jobId'),
      state: stateOf(body, 'processing'),
      ...present({
        status: text(body, 'status', 50),
        progress: percent(body),
        error: text(body, 'error', 2000),
        errorCode: code(body),
      }),
      ...dataOf(body),
    }
  }
  requireKnown(body, SEND_FIELDS)
  const userId = uuid(body, 'userId')
  const incidentId = uuid(body, 'incidentId')
  if (userId === undefined && incidentId === undefined) throw invalid('userId')
  const updateType = required(text(body, 'updateType', 64), 'updateType')
  if (!/^[A-Za-z][\w.-]*$/.test(updateType)) throw invalid('updateType')
  const keyField = text(body, 'idempotencyKey', MAX_KEY_LENGTH)
  if (key !== null && (key === '' || key.length > MAX_KEY_LENGTH)) throw invalid('idempotencyKey')
  if (key !== null && keyField !== undefined && key !== keyField) throw invalid('idempotencyKey')
  return {
    kind: 'send',
    updateType,
    resource: required(text(body, 'resource', 200), 'resource'),
    status: required(text(body, 'status', 50), 'status'),
    state: stateOf(body, 'completed'),
    ...present({
      userId,
      incidentId,
      error: text(body, 'error', 2000),
      errorCode: code(body),
      idempotencyKey: keyField ?? key ?? undefined,
    }),
    ...dataOf(body),
  }
}

type Body = Record<string, unknown>

function invalid(field: string): AppError {
  return new AppError('invalid_status_update', { details: { field } })
}

function requireKnown(body: Body, known: readonly string[]): void {
  const stranger = Object.keys(body).find((field) => !known.includes(field))
  if (stranger !== undefined) throw invalid(stranger.slice(0, 100))
}

function required<Value>(value: Value | undefined, field: string): Value {
  if (value === undefined) throw invalid(field)
  return value
}

function text(body: Body, field: string, maxLength: number): string | undefined {
  const value = body[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.trim() === '' || [...value].length > maxLength) throw invalid(field)
  return value
}

function uuid(body: Body, field: string): string | undefined {
  const value = body[field]
  if (value === undefined || value === null) return undefined
  if (!isUuid(value)) throw invalid(field)
  return value
}

function stateOf(body: Body, unsaid: State): State {
  const { state } = body
  if (state === undefined || state === null) return unsaid
  const known = STATES.find((each) => each === state)
  if (known === undefined) throw invalid('state')
  return known
}

function percent(body: Body): number | undefined {
  const { progress } = body
  if (progress === undefined || progress === null) return undefined
  if (typeof progress !== 'number' || !(progress >= 0 && progress <= 100)) throw invalid('progress')
  return Math.round(progress)
}

function code(body: Body): string | undefined {
  const value = text(body, 'errorCode', 64)
  if (value !== undefined && !/^[a-z][a-z0-9_]*$/.test(value)) throw invalid('errorCode')
  return value
}

function dataOf(body: Body): { data?: unknown } {
  return body.data === undefined || body.data === null ? {} : { data: body.data }
}

type Present<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> }

/** Without the fields that are undefined. */
function present<Fields extends Body>(fields: Fields): Present<Fields> {
  const kept: Present<Fields> = {}
  for (const key in fields) {
    const value = fields[key]
    if (isDefined(value)) kept[key] = value
  }
  return kept
}

function isDefined<Value>(value: Value): value is Exclude<Value, undefined> {
  return value !== undefined
}
