/** Parsing of what callers send. Everything wrong is an {@link AuthError} with status 400. */

import { parseJson } from '../json.ts'
import { authErrors } from './errors.ts'

export type Body = Readonly<Record<string, unknown>>

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const EMAIL =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/
const MAX_EMAIL_LENGTH = 255

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** An empty body is an empty object, as GoTrue's clients send it where nothing is needed. */
export async function readBody(request: Request): Promise<Body> {
  const text = await request.text()
  if (text === '') return {}
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    throw authErrors.badJson()
  }
  if (!isObject(value)) throw authErrors.badJson()
  return value
}

/** `undefined` for what is absent, null or, as GoTrue has it, empty. */
export function optionalString(body: Body, name: string): string | undefined {
  const value = body[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.includes('\0')) throw authErrors.badJson()
  return value
}

export function optionalBoolean(body: Body, name: string): boolean | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'boolean') throw authErrors.badJson()
  return value
}

export function optionalObject(body: Body, name: string): Body | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw authErrors.badJson()
  refuseNul(value)
  return value
}

/** In lower case; addresses that differ in case alone belong to one account. */
export function optionalEmail(body: Body, name: string): string | undefined {
  const value = optionalString(body, name)?.toLowerCase()
  if (value === undefined) return undefined
  if (value.length > MAX_EMAIL_LENGTH || !EMAIL.test(value)) throw authErrors.invalidEmail()
  return value
}

/** A positive integer of a query string, or the default. */
export function pageNumber(text: string | null, fallback: number): number {
  if (text === null || text === '') return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw authErrors.validation('Bad Pagination Parameters')
  return value === 0 ? fallback : value
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
/** Ten thousand years do not fit into a timestamp. */
const MAX_BAN_MS = 1000 * 365 * 24 * 3_600_000

/** Milliseconds of a duration like `1h30m`; `none` lifts a ban and gives null. */
export function banDuration(body: Body): number | null | undefined {
  const text = optionalString(body, 'ban_duration')
  if (text === undefined) return undefined
  if (text === 'none') return null
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw authErrors.validation('invalid format for ban duration')
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0)
  }
  return Math.min(total, MAX_BAN_MS)
}

/** The database cannot hold the character, and says so only when it is too late. */
function refuseNul(value: unknown): void {
  if (typeof value === 'string' && value.includes('\0')) throw authErrors.badJson()
  if (typeof value !== 'object' || value === null) return
  for (const [name, part] of Object.entries(value)) {
    refuseNul(name)
    refuseNul(part)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
