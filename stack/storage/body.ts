/** JSON bodies, parsed at the boundary. */

import { StorageError } from './errors.ts'

/** Bytes; the longest bodies are lists of names. */
const MAX_JSON_BYTES = 1024 * 1024

export type JsonBody = Readonly<Record<string, unknown>>

/** An empty body counts as `{}`. @throws StorageError `InvalidRequest`, `EntityTooLarge`. */
export async function readJson(request: Request): Promise<JsonBody> {
  const text = await readText(request)
  if (text.trim() === '') return {}
  const value = parse(text)
  if (!isObject(value)) throw invalid('body must be object')
  return value
}

export function requiredString(body: JsonBody, field: string): string {
  const value = body[field]
  if (typeof value !== 'string' || value === '') {
    throw invalid(`body must have required property '${field}'`)
  }
  return value
}

export function optionalString(body: JsonBody, field: string): string | undefined {
  const value = body[field] ?? undefined
  if (value !== undefined && typeof value !== 'string') throw invalid(`body/${field} must be string`)
  return value
}

/** @throws StorageError unless the field is absent or an integer from `min` on. */
export function optionalInteger(body: JsonBody, field: string, min: number): number | undefined {
  const value = body[field] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    throw invalid(`body/${field} must be integer >= ${min}`)
  }
  return value
}

export function requiredInteger(body: JsonBody, field: string, min: number): number {
  const value = optionalInteger(body, field, min)
  if (value === undefined) throw invalid(`body must have required property '${field}'`)
  return value
}

/** @throws StorageError unless the field is a list of 1 to `max` strings. */
export function requiredStrings(body: JsonBody, field: string, max: number): string[] {
  const value = body[field]
  if (!Array.isArray(value) || value.length === 0) throw invalid(`body/${field} must be a list of strings`)
  if (value.length > max) throw invalid(`body/${field} must NOT have more than ${max} items`)
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw invalid(`body/${field} must be a list of strings`)
    return item
  })
}

export function optionalObject(body: JsonBody, field: string): Record<string, unknown> | undefined {
  const value = body[field] ?? undefined
  if (value !== undefined && !isObject(value)) throw invalid(`body/${field} must be object`)
  return value
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function invalid(message: string): StorageError {
  return new StorageError('InvalidRequest', { message })
}

/** @throws StorageError unless the text is a JSON object. */
export function parseMetadata(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json)
    if (isObject(value)) return value
  } catch (cause) {
    throw new StorageError('InvalidRequest', { message: 'Invalid metadata', cause })
  }
  throw invalid('Invalid metadata')
}

async function readText(request: Request): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_JSON_BYTES) throw new StorageError('EntityTooLarge')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StorageError('InvalidRequest', { message: 'Body is not valid JSON', cause })
  }
}
