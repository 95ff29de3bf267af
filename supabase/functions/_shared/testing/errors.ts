/** Assertions about AppErrors. */

import { AppError } from '../../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import { assertEquals, assertInstanceOf } from './asserts.ts'

/** Fails unless the promise rejects with an AppError of this code. */
export async function assertCode(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  const outcome: unknown = await promise.then(
    () => 'no error',
    (error: unknown) => error,
  )
  assertIsCode(outcome, code)
}

export function assertThrowsCode(work: () => unknown, code: ErrorCode): void {
  let outcome: unknown = 'no error'
  try {
    work()
  } catch (error) {
    outcome = error
  }
  assertIsCode(outcome, code)
}

function assertIsCode(outcome: unknown, code: ErrorCode): void {
  assertInstanceOf(outcome, AppError, `Expected ${code}, got ${String(outcome)}`)
  assertEquals(outcome.code, code)
}
