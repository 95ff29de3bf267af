/** JSON bodies, parsed at the boundary. */

import * as v from 'valibot'
import { parseJson } from '../json.ts'
import { StorageError } from './errors.ts'

/** Bytes. The longest bodies are lists of names. */
const MAX_JSON_BYTES = 1024 * 1024
/** Names of one request to sign or remove. */
const MAX_NAMES = 1000

export const names = v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(MAX_NAMES))
export const name = v.pipe(v.string(), v.minLength(1))
/** Absent or null. */
export const absent = <Schema extends v.GenericSchema>(schema: Schema) => v.nullish(schema)

/** An empty body counts as `{}`. @throws StorageError `InvalidRequest`, `EntityTooLarge`. */
export async function readJson<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const text = await readText(request)
  const result = v.safeParse(schema, text.trim() === '' ? {} : parse(text, 'Body is not valid JSON'))
  if (result.success) return result.output
  const [issue] = result.issues
  const path = issue.path?.map(({ key }) => key).join('/')
  if (path === undefined) throw invalid('body must be object')
  throw invalid(
    issue.received === 'undefined'
      ? `body must have required property '${path}'`
      : `body/${path}: ${issue.message}`,
  )
}

export function invalid(message: string): StorageError {
  return new StorageError('InvalidRequest', { message })
}

/** The client's own metadata. @throws StorageError unless the text is a JSON object. */
export function parseMetadata(json: string): Record<string, unknown> {
  const result = v.safeParse(metadata, parse(json, 'Invalid metadata'))
  if (!result.success) throw invalid('Invalid metadata')
  return result.output
}

export const metadata = v.record(v.string(), v.unknown())

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

function parse(text: string, message: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new StorageError('InvalidRequest', { message, cause })
  }
}
