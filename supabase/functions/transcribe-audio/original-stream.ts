/** A kept original as a stream: it is sent to the service without being held in memory. */

import { AppError } from '../../../functions-shared/app-error.ts'
import { type Files, MAX_FILE_BYTES } from '../_shared/files.ts'
import { boundedFetch } from '../_shared/outgoing.ts'

/** Seconds until the signed URL expires, within which the read must begin. */
const BEGIN_WITHIN = 60

export function openOriginal(
  files: Pick<Files, 'sign'>,
  fetch?: typeof globalThis.fetch,
): (path: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>> {
  const send = boundedFetch({ maxBytes: MAX_FILE_BYTES, refusal: 'storage_unavailable', fetch })
  return async (path, signal) => {
    // supabase-js would end the read after seconds, but the service may take minutes to receive a recording.
    const address = await files.sign('originals', path, BEGIN_WITHIN)
    const response = await send(address, { signal }).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw cause instanceof AppError ? cause : new AppError('storage_unavailable', { cause })
    })
    if (response.ok && response.body !== null) return response.body
    await response.body?.cancel()
    throw new AppError('storage_unavailable', {
      cause: Object.assign(new Error('refused'), { status: response.status }),
    })
  }
}
