import { CLIENT_ERROR_CODES, type ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import { CodedError, type CodedErrorOptions } from '../../../functions-shared/coded-error.ts'

/** An AppError with one of the codes that the client can meet. */
export class ClientError extends CodedError<ClientErrorCode> {
  constructor(code: ClientErrorCode, options: CodedErrorOptions = {}) {
    super(code, CLIENT_ERROR_CODES[code], options)
  }
}

export function hasCode(cause: unknown, code: ClientErrorCode): cause is ClientError {
  return cause instanceof CodedError && cause.code === code
}
