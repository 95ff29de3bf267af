/** Reads an upload from a multipart form or a raw body. The bytes are streamed, never buffered. */

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy } from '@fastify/busboy'
import { invalid, parseMetadata } from './body.ts'
import { StorageError } from './errors.ts'

export interface Upload {
  bytes: Readable
  mimetype: string
  cacheControl: string
  /** The client's own metadata. */
  userMetadata: Record<string, unknown> | undefined
  /** Bytes that the request announced. For a form a little more than the file has. */
  announced: number | undefined
  /** Drops bytes that have not been read. */
  discard(): void
}

const DEFAULT_TYPE = 'application/octet-stream'
const DEFAULT_CACHE_CONTROL = 'no-cache'
/** Bytes of one field of a form. Metadata is the longest. */
const MAX_FIELD_BYTES = 1024 * 1024
const MAX_FIELDS = 20
const SECONDS = /^\d+$/

/** @throws StorageError `InvalidRequest` for a form without a file or with broken metadata. */
export async function openUpload(request: Request): Promise<Upload> {
  const type = request.headers.get('content-type') ?? ''
  return /^multipart\/form-data\b/i.test(type) ? openForm(request, type) : openRaw(request, type)
}

function openRaw(request: Request, type: string): Upload {
  const bytes = readable(request)
  const encoded = request.headers.get('x-metadata')
  return {
    bytes,
    mimetype: type === '' ? DEFAULT_TYPE : type,
    cacheControl: request.headers.get('cache-control') ?? DEFAULT_CACHE_CONTROL,
    userMetadata: encoded === null ? undefined : parseMetadata(Buffer.from(encoded, 'base64').toString()),
    announced: announcedBytes(request),
    discard: () => void bytes.destroy(),
  }
}

/** Reads up to the beginning of the file: storage-js sends the fields before the file. */
function openForm(request: Request, type: string): Promise<Upload> {
  const body = readable(request)
  const fields = new Map<string, string>()
  return new Promise((resolve, reject) => {
    let file: Readable | undefined
    const fail = (cause: unknown): void => {
      const error =
        cause instanceof StorageError
          ? cause
          : new StorageError('InvalidRequest', { message: 'The form could not be read', cause })
      file?.destroy(error)
      body.destroy()
      reject(error)
    }
    const form = createForm(type, fail)
    if (form === undefined) return
    form.on('field', (name, value) => {
      fields.set(name, value)
    })
    form.on('file', (_name, stream, _filename, _encoding, mimetype) => {
      stream.on('error', () => undefined) // the reader of the bytes gets the error
      if (file !== undefined) {
        stream.resume() // further files are ignored
        return
      }
      file = stream
      try {
        resolve(uploadOf(stream, mimetype, fields, { announced: announcedBytes(request), body }))
      } catch (error) {
        fail(error)
      }
    })
    form.on('finish', () => {
      if (file === undefined) fail(invalid('No content provided'))
    })
    pipeline(body, form).catch(fail)
  })
}

function createForm(type: string, fail: (cause: unknown) => void): InstanceType<typeof Busboy> | undefined {
  try {
    return new Busboy({
      headers: { 'content-type': type },
      limits: { fieldSize: MAX_FIELD_BYTES, fields: MAX_FIELDS },
      isPartAFile: (_field, contentType, fileName) => fileName !== undefined || contentType === DEFAULT_TYPE,
    })
  } catch (error) {
    fail(error)
    return undefined
  }
}

function uploadOf(
  stream: Readable,
  mimetype: string,
  fields: ReadonlyMap<string, string>,
  { announced, body }: { announced: number | undefined; body: Readable },
): Upload {
  const cacheControl = fields.get('cacheControl')
  const metadata = fields.get('metadata')
  return {
    bytes: stream,
    mimetype: fields.get('contentType') ?? (mimetype === '' ? DEFAULT_TYPE : mimetype),
    cacheControl: cacheControl === undefined ? DEFAULT_CACHE_CONTROL : cacheControlOf(cacheControl),
    userMetadata: metadata === undefined ? undefined : parseMetadata(metadata),
    announced,
    discard() {
      stream.destroy()
      body.destroy()
    },
  }
}

/** A form has seconds, a header has the whole directive. */
function cacheControlOf(field: string): string {
  return SECONDS.test(field) ? `max-age=${field}` : field
}

function announcedBytes(request: Request): number | undefined {
  const header = request.headers.get('content-length')
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined
}

function readable(request: Request): Readable {
  const stream = request.body === null ? Readable.from([]) : Readable.fromWeb(request.body)
  stream.on('error', () => undefined) // the reader of the bytes gets the error
  return stream
}
