/** What TUS clients are refused with: the real HTTP status, which they act on, and a line of text. */

import { StorageError } from '../errors.ts'

const FAILURES = {
  invalid_body: { status: 415, message: 'Content-Type must be application/offset+octet-stream' },
  invalid_length: { status: 400, message: 'Upload-Length header required' },
  invalid_metadata: { status: 400, message: 'Upload-Metadata must have bucketName and objectName' },
  invalid_offset: { status: 400, message: 'Upload-Offset header required' },
  method: { status: 405, message: 'Method not allowed' },
  not_found: { status: 404, message: 'The file for this url was not found' },
  expired: { status: 410, message: 'The file for this url no longer exists' },
  offset_conflict: { status: 409, message: 'Upload-Offset conflict' },
  too_large: { status: 413, message: 'Maximum size exceeded' },
  unsupported_version: { status: 412, message: 'Tus-Resumable must be 1.0.0' },
} as const

export type ResumableFailure = keyof typeof FAILURES

export class ResumableError extends Error {
  override readonly name = 'ResumableError'
  readonly code: ResumableFailure

  constructor(code: ResumableFailure) {
    super(FAILURES[code].message)
    this.code = code
  }

  get status(): number {
    return FAILURES[this.code].status
  }
}

/** Unlike the rest of Storage, the status is the real one. Undefined for what is no refusal. */
export function refusalOf(error: unknown): { status: number; message: string } | undefined {
  if (error instanceof ResumableError) return error
  if (error instanceof StorageError) return { status: error.status, message: error.message }
  return undefined
}
