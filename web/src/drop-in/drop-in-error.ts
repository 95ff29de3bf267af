import { DROP_IN_ERROR_CODES, type DropInErrorCode } from '../../../functions-shared/client-error-codes.ts'
import { CodedError, type CodedErrorOptions } from '../../../functions-shared/coded-error.ts'

/** A wrong setting of the page, or a token that the page cannot give. */
export class DropInError extends CodedError<DropInErrorCode> {
  constructor(code: DropInErrorCode, options: CodedErrorOptions = {}) {
    super(code, DROP_IN_ERROR_CODES[code], options)
  }
}
