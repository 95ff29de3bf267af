/** Bodies and parameters of requests. A value of a wrong type is answered `bad_json`, as GoTrue answers it. */

import * as v from 'valibot'
import { isRecord } from '../../functions-shared/unknown.ts'
import { parseJson } from '../json.ts'
import { durationMs } from './duration.ts'
import { authErrors } from './errors.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const EMAIL =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/
const MAX_EMAIL_LENGTH = 255

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** Undefined for an absent, null or empty text, which GoTrue treats alike. PostgreSQL cannot store NUL. */
export const text = v.pipe(
  v.nullish(v.string()),
  v.check((value) => !value?.includes('\0')),
  v.transform((value) => value || undefined),
)

export const flag = v.nullish(v.boolean())

export const metadata = v.pipe(
  v.nullish(v.custom<Readonly<Record<string, unknown>>>(isRecord)),
  v.check((value) => !containsNul(value)),
  v.transform((value) => value ?? undefined),
)

/** In lower case: addresses that differ in case alone belong to one account. Undefined for what is no address. */
export function emailAddress(value: string): string | undefined {
  const address = value.toLowerCase()
  return address.length <= MAX_EMAIL_LENGTH && EMAIL.test(address) ? address : undefined
}

export const email = v.pipe(
  text,
  v.transform((value) => {
    if (value === undefined) return undefined
    const address = emailAddress(value)
    if (address !== undefined) return address
    throw value.length > MAX_EMAIL_LENGTH
      ? authErrors.validation('An email address is too long')
      : authErrors.invalidEmail()
  }),
)

/** Phone numbers are refused. */
export const phone = v.pipe(
  text,
  v.transform((value) => {
    if (value !== undefined) throw authErrors.phoneDisabled()
  }),
)

/** A thousand years; PostgreSQL's timestamps end. */
const MAX_BAN_MS = 1000 * 365 * 24 * 3_600_000

/** Milliseconds of a duration like `1h30m`; `none` lifts a ban and gives null. */
export const banDuration = v.pipe(
  text,
  v.transform((value) => {
    if (value === undefined || value === 'none') return value === 'none' ? null : undefined
    const duration = durationMs(value)
    if (duration === undefined) throw authErrors.validation('invalid format for ban duration')
    return Math.min(duration, MAX_BAN_MS)
  }),
)

/** An empty body is an empty object. @throws AuthError `bad_json`, or the error of a field */
export async function readBody<Fields extends v.ObjectEntries>(
  request: Request,
  fields: Fields,
): Promise<v.InferOutput<v.ObjectSchema<Fields, undefined>>> {
  const body = await request.text()
  let value: unknown
  try {
    value = body === '' ? {} : parseJson(body)
  } catch {
    throw authErrors.badJson()
  }
  const result = v.safeParse(v.object(fields), isRecord(value) ? value : undefined)
  if (!result.success) throw authErrors.badJson()
  return result.output
}

/** A positive integer of a query string, or the default. */
export function pageNumber(text: string | null, fallback: number): number {
  if (text === null || text === '') return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw authErrors.validation('Bad Pagination Parameters')
  return value === 0 ? fallback : value
}

function containsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, part]) => name.includes('\0') || containsNul(part))
}
