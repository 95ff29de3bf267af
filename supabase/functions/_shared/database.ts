/**
 * Calls of the database through supabase-js. An error becomes one of our codes, and an answer is checked against a
 * schema, so that the code behind it has values of the types it expects.
 */

import * as v from 'valibot'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { readAs, unexpectedValue } from '../../../functions-shared/read-as.ts'
import { databaseError } from './upstream.ts'

interface Answer {
  data: unknown
  error: unknown
  status: number
}

/**
 * The answer of a query or of an SQL function.
 * @throws AppError `database_unavailable`; a code that SQL raised; `internal_error` for an answer of another shape
 */
export async function query<Schema extends v.GenericSchema>(
  schema: Schema,
  call: PromiseLike<Answer>,
): Promise<v.InferOutput<Schema>> {
  const { data, error, status } = await call
  if (error) throw databaseError({ error, status })
  return readAnswer(schema, data)
}

/** A call whose answer is of no interest. @throws AppError as {@link query} */
export async function execute(call: PromiseLike<Answer>): Promise<void> {
  await query(v.unknown(), call)
}

/** A row that must exist. @throws AppError with the code `missing` where it does not, and as {@link query} */
export async function findRow<Schema extends v.GenericSchema>(
  schema: Schema,
  call: PromiseLike<Answer>,
  missing: ErrorCode,
): Promise<v.InferOutput<Schema>> {
  const row = await query(v.nullable(schema), call)
  if (row === null) throw new AppError(missing)
  return row
}

/** @throws AppError `internal_error`; its cause names the first unexpected value, for the log */
export function readAnswer<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: unknown,
): v.InferOutput<Schema> {
  return readAs(schema, answer, (field) => new AppError('internal_error', { cause: unexpectedValue(field) }))
}

/** `timestamptz`. */
export const timestamp = v.pipe(
  v.string(),
  v.transform((text) => new Date(text)),
  v.date(),
)

/** A nullable `text`. An empty text counts as none. */
export const optionalText = v.pipe(
  v.nullish(v.string(), null),
  v.transform((text) => (text === '' ? null : text)),
)

/** A nullable number. PostgREST sends `numeric` and `bigint` as a number, or as a text where a number loses digits. */
export const optionalNumber = v.nullish(
  v.pipe(v.union([v.number(), v.pipe(v.string(), v.nonEmpty(), v.toNumber())]), v.finite()),
  null,
)

/** A `jsonb` object. */
export const jsonObject = v.record(v.string(), v.unknown())
