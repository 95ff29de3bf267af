/**
 * Full-jitter exponential back-off: a uniform draw from `[floor, min(max, base * 2^attempt)]`.
 * Spreads a crowd of clients evenly after a restart, where equal delays would make them come back together.
 */

export interface BackoffOptions {
  /** Milliseconds; the ceiling of the first attempt. */
  baseMs: number
  /** Milliseconds; no delay is longer, except where the server asked for more. */
  maxMs: number
  /** A uniform draw in [0, 1). */
  random: () => number
  /** Milliseconds the server asked us to wait at least, e.g. from `Retry-After`. Default 0. */
  floorMs?: number
}

/** @param attempt 0 for the first retry. @returns milliseconds to wait. */
export function backoffDelay(attempt: number, options: BackoffOptions): number {
  const floor = options.floorMs ?? 0
  const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 52))
  return Math.round(floor + options.random() * Math.max(0, ceiling - floor))
}
