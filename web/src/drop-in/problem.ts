/** Reports in the console, and shows in the indicator, why a page could not connect. */

import { CodedError } from '../../../functions-shared/coded-error.ts'
import type { ClientState } from '../client/index.ts'
import type { StatusIndicatorOptions } from '../status/index.ts'

const IDLE: ClientState = {
  state: 'idle',
  isConnected: false,
  isReading: false,
  userId: null,
  lastSeq: 0,
  recovered: true,
  latencyMs: null,
  unreadCount: null,
  unseenCount: null,
  reconnectAttempts: 0,
  retryAt: null,
  reason: null,
}

/** Logs the error to the console, with the wrong setting if there is one. @returns its code. */
export function reportProblem(cause: unknown): string {
  const code = cause instanceof CodedError ? cause.code : 'internal_error'
  const { setting } = cause instanceof CodedError ? cause.details : {}
  const message = cause instanceof Error ? cause.message : String(cause)
  console.error(`[live] ${code}: ${message}${setting === undefined ? '' : ` (${setting})`}`, cause)
  return code
}

/** The client of an indicator that shows the problem. */
export function problemView(code: string, retry: () => void): StatusIndicatorOptions['client'] {
  const state: ClientState = {
    ...IDLE,
    state: code === 'not_signed_in' ? 'offline' : 'error',
    reason: code,
  }
  return { getState: () => state, on: () => () => undefined, retryNow: retry }
}
