/**
 * Errors in the form of hosted Supabase Storage: `{ statusCode, error, message, code }`. The HTTP status is 400, except for
 * failures of the server and ranges; `statusCode` has the particular one. storage-js reads `code`.
 */

import type { Logger } from '../types.ts'

const FAILURES = {
  NoSuchBucket: { status: 404, error: 'Bucket not found', message: 'Bucket not found' },
  NoSuchKey: { status: 404, error: 'not_found', message: 'Object not found' },
  NoSuchRoute: { status: 404, error: 'Not Found', message: 'Route not found' },
  RelatedResourceNotFound: {
    status: 404,
    error: 'InvalidRequest',
    message: 'The related resource does not exist',
  },
  KeyAlreadyExists: { status: 409, error: 'Duplicate', message: 'The resource already exists' },
  BucketAlreadyExists: { status: 409, error: 'Duplicate', message: 'The resource already exists' },
  ResourceNotEmpty: {
    status: 409,
    error: 'InvalidRequest',
    message: 'The bucket you tried to delete is not empty',
  },
  NotImplemented: {
    status: 501,
    error: 'NotImplemented',
    message: 'The embedded stack does not have this; see docs/embedded-stack.md',
  },
  ResourceLocked: { status: 423, error: 'ResourceLocked', message: 'The resource is locked' },
  AccessDenied: {
    status: 403,
    error: 'Unauthorized',
    message: 'new row violates row-level security policy',
  },
  InvalidKey: { status: 400, error: 'InvalidKey', message: 'Invalid key' },
  InvalidBucketName: { status: 400, error: 'Invalid Input', message: 'Bucket name invalid' },
  InvalidRequest: { status: 400, error: 'InvalidRequest', message: 'The request is not valid' },
  InvalidJWT: { status: 400, error: 'InvalidJWT', message: 'Invalid JWT' },
  InvalidSignature: {
    status: 400,
    error: 'InvalidSignature',
    message: 'The url do not match the signature',
  },
  InvalidRange: { status: 416, error: 'invalid_range', message: 'invalid range provided' },
  InvalidMimeType: { status: 415, error: 'invalid_mime_type', message: 'mime type is not supported' },
  EntityTooLarge: {
    status: 413,
    error: 'Payload too large',
    message: 'The object exceeded the maximum allowed size',
  },
  TooManyRequests: { status: 429, error: 'TooManyRequests', message: 'Too many requests' },
  DatabaseTimeout: {
    status: 544,
    error: 'DatabaseTimeout',
    message: 'The connection to the database timed out',
  },
  DatabaseUnavailable: {
    status: 503,
    error: 'DatabaseUnavailable',
    message: 'The database is unavailable. Please try again later.',
  },
  InternalError: { status: 500, error: 'Internal', message: 'Internal Server Error' },
} as const

export type StorageFailure = keyof typeof FAILURES

/** Logs an error that is no refusal, and hides its message from the caller. */
export function toStorageError(error: unknown, logger: Logger): StorageError {
  const refusal = error instanceof StorageError ? error : new StorageError('InternalError', { cause: error })
  if (refusal.code === 'DatabaseUnavailable') {
    logger.warn('storage', 'the database is away', { error: refusal.cause })
  } else if (refusal.status === 500) logger.error('storage', 'a request failed', { error: refusal.cause })
  return refusal
}

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageFailure

  /** @param message replaces the message of the code. It is sent to the caller. */
  constructor(code: StorageFailure, options: { message?: string; cause?: unknown } = {}) {
    super(options.message ?? FAILURES[code].message, { cause: options.cause })
    this.code = code
  }

  get status(): number {
    return FAILURES[this.code].status
  }

  toResponse(): Response {
    const { status, error } = FAILURES[this.code]
    const headers: Record<string, string> = status === 416 ? { 'accept-ranges': 'bytes' } : {}
    return Response.json(
      { statusCode: String(status), error, message: this.message, code: this.code },
      { status: status >= 500 || status === 416 ? status : 400, headers },
    )
  }
}
