import { DROP_IN_ERROR_CODES, type DropInErrorCode } from '../../../functions-shared/client-error-codes.ts'
import { CodedError, type CodedErrorOptions } from '../../../functions-shared/coded-error.ts'

/** What is the matter with the page that the script stands in. */
export class DropInError extends CodedError<DropInErrorCode> {
  constructor(code: DropInErrorCode, options: CodedErrorOptions = {}) {
    super(code, DROP_IN_ERROR_CODES[code], options)
  }
}
