/** Ends what takes too long: a limit for the whole and one for each step that must show life. */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'

export interface Watchdog extends Disposable {
  /** Aborts with an AppError of the code that was given, or with the reason of the outer signal. */
  readonly signal: AbortSignal
  /** A step begins, or has shown life: the next sign of life is due within `ms`. */
  expectWithin(ms: number): void
}

export function createWatchdog(totalMs: number, outer: AbortSignal, code: ErrorCode): Watchdog {
  const controller = new AbortController()
  const expire = () => controller.abort(new AppError(code))
  const onOuterAbort = () => controller.abort(outer.reason)
  const total = setTimeout(expire, totalMs)
  let step: ReturnType<typeof setTimeout> | undefined
  if (outer.aborted) onOuterAbort()
  else outer.addEventListener('abort', onOuterAbort, { once: true })
  return {
    signal: controller.signal,
    expectWithin(ms) {
      clearTimeout(step)
      step = setTimeout(expire, ms)
    },
    [Symbol.dispose]() {
      clearTimeout(total)
      clearTimeout(step)
      outer.removeEventListener('abort', onOuterAbort)
    },
  }
}
