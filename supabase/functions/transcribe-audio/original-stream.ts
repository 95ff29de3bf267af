/** A kept original piece by piece: for sending it on without holding it. */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { Files } from '../_shared/documents.ts'

/** Seconds to begin reading in. */
const BEGIN_WITHIN = 60

export function openOriginal(
  files: Pick<Files, 'sign'>,
  send: typeof fetch = fetch,
): (path: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>> {
  return async (path, signal) => {
    // Not by supabase-js, whose requests have to end within seconds: the service may take its time.
    const address = await files.sign('originals', path, BEGIN_WITHIN)
    const response = await send(address, { signal }).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw new AppError('storage_unavailable', { cause })
    })
    if (response.ok && response.body !== null) return response.body
    await response.body?.cancel()
    throw new AppError('storage_unavailable', {
      cause: Object.assign(new Error('refused'), { status: response.status }),
    })
  }
}
