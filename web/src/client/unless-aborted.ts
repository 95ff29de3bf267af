/**
 * Ends waiting when a signal aborts. supabase-js passes a signal to `fetch` only. Without this, a token renewal before that
 * `fetch` could block a request for ever.
 */

/** Settles as `work` does, or rejects with the signal's reason, whichever comes first. */
export async function unlessAborted<T>(signal: AbortSignal, work: PromiseLike<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
