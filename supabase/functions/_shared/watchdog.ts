/** Ends work that takes too long. There is a limit for the whole, and one for the time without a sign of life. */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'

export interface Watchdog extends Disposable {
  /** Aborts with an AppError of the given code, or with the reason of the outer signal. */
  readonly signal: AbortSignal
  /** Called at each sign of life: the next one is due within `ms`. */
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
