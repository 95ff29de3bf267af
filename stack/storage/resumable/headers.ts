/** TUS 1.0's headers (https://tus.io/protocols/resumable-upload) as hosted Supabase Storage uses them. */

import { isObject, parseMetadata } from '../body.ts'
import { validKey } from '../names.ts'
import { ResumableError } from './errors.ts'

export const TUS_VERSION = '1.0.0'
export const TUS_EXTENSIONS = 'creation,creation-with-upload,expiration,termination'
const BODY_TYPE = 'application/offset+octet-stream'
const DEFAULT_TYPE = 'application/octet-stream'
const DEFAULT_CACHE_CONTROL = 'no-cache'
/** Characters of all metadata; the client's own is the longest. */
const MAX_METADATA = 64 * 1024

/** What the client says about the object when it begins. */
export interface UploadDescription {
  bucket: string
  name: string
  mimetype: string
  cacheControl: string
  userMetadata: Record<string, unknown> | null
  /** Bytes of the whole object. */
  length: number
}

/** @throws ResumableError `unsupported_version`. */
export function checkVersion(request: Request): void {
  if (request.headers.get('tus-resumable') !== TUS_VERSION) throw new ResumableError('unsupported_version')
}

/** @throws ResumableError `invalid_length`, `invalid_metadata`; StorageError `InvalidKey`. */
export function describedUpload(request: Request): UploadDescription {
  const metadata = decodeMetadata(request.headers.get('upload-metadata') ?? '')
  const bucket = metadata.get('bucketName')
  const name = metadata.get('objectName')
  if (!bucket || !name) throw new ResumableError('invalid_metadata')
  const seconds = metadata.get('cacheControl')
  return {
    bucket,
    name: validKey(name),
    mimetype: metadata.get('contentType') || DEFAULT_TYPE,
    cacheControl: seconds === undefined ? DEFAULT_CACHE_CONTROL : `max-age=${seconds}`,
    userMetadata: userMetadata(metadata.get('metadata')),
    length: wholeNumber(request.headers.get('upload-length'), 'invalid_length'),
  }
}

/** @throws ResumableError `invalid_offset`, `invalid_body`. */
export function patchOffset(request: Request): number {
  if (!hasUploadBody(request)) throw new ResumableError('invalid_body')
  return wholeNumber(request.headers.get('upload-offset'), 'invalid_offset')
}

export function hasUploadBody(request: Request): boolean {
  return request.headers.get('content-type')?.split(';', 1)[0]?.trim() === BODY_TYPE
}

export function encodeMetadata(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
}

function decodeMetadata(header: string): Map<string, string> {
  if (header.length > MAX_METADATA) throw new ResumableError('invalid_metadata')
  return new Map(
    header
      .split(',')
      .map((pair) => pair.trim().split(/ +/))
      .flatMap(([key, value]) =>
        key ? [[key, Buffer.from(value ?? '', 'base64').toString('utf8')] as const] : [],
      ),
  )
}

function userMetadata(json: string | undefined): Record<string, unknown> | null {
  if (json === undefined || json === '') return null
  const value = parseMetadata(json)
  return isObject(value) ? value : null
}

function wholeNumber(text: string | null, failure: 'invalid_length' | 'invalid_offset'): number {
  const value = text !== null && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value)) throw new ResumableError(failure)
  return value
}
