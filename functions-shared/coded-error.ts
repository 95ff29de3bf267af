/**
 * Base class of the errors with a code. It does not import the table of all codes, so that a page loads the codes of
 * the client library alone.
 */

export interface CodedErrorOptions {
  /** For the log only. */
  cause?: unknown
  details?: Record<string, unknown>
  /** Public message that says more than the code's own message. Default: the code's own. */
  message?: string
}

export abstract class CodedError<Code extends string> extends Error {
  override readonly name = 'AppError'
  readonly code: Code
  /** HTTP status that answers a request which ended in this error. */
  readonly status: number
  /** Public facts that help the reader, e.g. the name of a field. Never internals. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: Code, facts: { status: number; message: string }, options: CodedErrorOptions) {
    super(options.message ?? facts.message, { cause: options.cause })
    this.code = code
    this.status = facts.status
    this.details = options.details ?? {}
  }

  /** The body sent to callers: `{ error: { code, message, ...details } }`. The cause stays in the log. */
  toJSON(): { error: { code: Code; message: string } & Record<string, unknown> } {
    return { error: { ...this.details, code: this.code, message: this.message } }
  }
}
