import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

export interface AppErrorOptions {
  /** For the log only. */
  cause?: unknown
  details?: Record<string, unknown>
  /** Public, like the code's own, where it can be more particular. Default: the code's. */
  message?: string
}

/** The one error class: a code from {@link ERROR_CODES}, its public message and, for the log, the cause. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  /** HTTP status that answers a request which ended in this error. */
  readonly status: number
  /** Public facts that help the reader, e.g. the name of a field. Never internals. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.message ?? ERROR_CODES[code].message, { cause: options.cause })
    this.code = code
    this.status = ERROR_CODES[code].status
    this.details = options.details ?? {}
  }

  /** The body sent to callers: `{ error: { code, message, ...details } }`. The cause stays in the log. */
  toJSON(): { error: { code: ErrorCode; message: string } & Record<string, unknown> } {
    return { error: { ...this.details, code: this.code, message: this.message } }
  }
}
