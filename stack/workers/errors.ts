/** Texts that the real extensions write into their tables, as people search for them. */

import { isDatabaseUnavailable } from '../database-errors.ts'

/** `net._http_response.error_msg`: libcurl's texts where it has one. @param stopped whether the worker was stopped */
export function requestErrorText(error: unknown, stopped: boolean): string {
  if (stopped) return 'The worker was stopped'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return "Couldn't resolve host name"
  if (code === 'ECONNREFUSED' || isDatabaseUnavailable(cause)) return "Couldn't connect to server"
  return cause instanceof Error ? cause.message : 'The request failed'
}

export function requestTimeoutText(ms: number): string {
  return `Timeout of ${ms} ms reached`
}

/** `cron.job_run_details.return_message`. */
export const RUN_MESSAGE = { canceled: 'job canceled', interrupted: 'server restarted' } as const

export function runErrorText(error: Error | undefined): string {
  return `ERROR:  ${error?.message ?? 'connection lost'}\n`
}

export function noLoginText(role: string): string {
  return `connection failed: no login for role "${role}"`
}
