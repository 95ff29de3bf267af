/** Hosted Supabase's answers for a function that could not answer. */

export type FunctionFailure = keyof typeof FAILURES

const FAILURES = {
  /** There is no such function. */
  NOT_FOUND: { status: 404, message: 'Requested function was not found' },
  /** The function's module failed to load or did not serve in time. */
  BOOT_ERROR: { status: 503, message: 'Function failed to start (please check logs)' },
  /** The process ended while it worked on the request. */
  WORKER_ERROR: { status: 502, message: 'Function exited due to an error (please check logs)' },
  /** The process ran out of memory while it worked on the request. */
  WORKER_LIMIT: {
    status: 546,
    message: 'Function failed due to not having enough compute resources (please check logs)',
  },
  /** Over the wall-clock limit. */
  WORKER_TIMEOUT: { status: 504, message: 'Function did not answer within its time limit' },
  /** The stack is stopping. */
  SHUTDOWN: { status: 503, message: 'The functions are being stopped' },
} as const

export function failureResponse(code: FunctionFailure): Response {
  const { status, message } = FAILURES[code]
  return Response.json({ code, message }, { status, headers: { 'x-sb-error-code': code } })
}
