import { CodedError, type CodedErrorOptions } from './coded-error.ts'
import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

/** The one error class: a code from {@link ERROR_CODES}, its public message and, for the log, the cause. */
export class AppError extends CodedError<ErrorCode> {
  constructor(code: ErrorCode, options: CodedErrorOptions = {}) {
    super(code, ERROR_CODES[code], options)
  }
}
