/**
 * Signed URLs end after a while; a message replayed from the table may carry one that has. This finds them in
 * a message and signs them again through Storage, under the user's own rights.
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { UrlSigner } from './ports.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Seconds that a URL signed again stays valid. */
const VALIDITY = 3_600

/** Milliseconds that messages wait for their URLs at most; then they come without. */
const SIGNING_TIMEOUT = 5_000

/** Milliseconds: a URL that ends this soon is signed again as well. */
const MARGIN = 60_000

const SIGNED_PATH = /\/storage\/v1\/object\/sign\/([^/]+)\/([^?]+)\?/

export function createSupabaseSigner(supabase: Pick<SupabaseClient, 'storage'>): UrlSigner {
  async function signBucket(bucket: string, paths: readonly string[]): Promise<Map<string, string>> {
    const limit = AbortSignal.timeout(SIGNING_TIMEOUT)
    const signing = supabase.storage.from(bucket).createSignedUrls([...paths], VALIDITY)
    const { data } = await unlessAborted(limit, signing).catch(() => ({ data: null }))
    return new Map(
      (data ?? []).flatMap(({ path, signedUrl }) => (path !== null && signedUrl ? [[path, signedUrl]] : [])),
    )
  }

  return {
    async signAgain(urls) {
      const objects = urls.map((url) => ({ url, ...parseSignedUrl(url) }))
      const signed = new Map<string, string | null>()
      const buckets = Map.groupBy(objects, ({ bucket }) => bucket)
      for (const [bucket, members] of buckets) {
        const fresh =
          bucket === null ? null : await signBucket(bucket, [...new Set(members.map(({ path }) => path))])
        for (const { url, path } of members) signed.set(url, fresh?.get(path) ?? null)
      }
      return signed
    },
  }
}

/** The URL in a message that has ended or is about to, if any. */
export function expiredUrl(message: JobMessage, now: number): string | null {
  const url = urlOf(message)
  if (url === null) return null
  const announced = Date.parse(endOf(message) ?? '')
  const expiresAt = Number.isNaN(announced) ? tokenExpiry(url) : announced
  return expiresAt !== null && expiresAt - MARGIN <= now ? url : null
}

/** The message with its URL replaced; without one where it could not be signed again. */
export function withUrl(message: JobMessage, url: string | null, now: number): JobMessage {
  const end = new Date(now + VALIDITY * 1000).toISOString()
  if ('documentType' in message) {
    const { signedUrl: _old, signedUrlExpiresAt: _end, ...rest } = message
    return url === null ? rest : { ...rest, signedUrl: url, signedUrlExpiresAt: end }
  }
  if ('reportId' in message) {
    const { pdfUrl: _old, pdfUrlExpiresAt: _end, ...rest } = message
    return url === null ? rest : { ...rest, pdfUrl: url, pdfUrlExpiresAt: end }
  }
  return message
}

function urlOf(message: JobMessage): string | null {
  if ('documentType' in message) return message.signedUrl ?? null
  if ('reportId' in message) return message.pdfUrl ?? null
  return null
}

function endOf(message: JobMessage): string | undefined {
  if ('documentType' in message) return message.signedUrlExpiresAt
  return 'reportId' in message ? message.pdfUrlExpiresAt : undefined
}

/** Storage's URLs carry a JWT whose `exp` is when they end. */
function tokenExpiry(url: string): number | null {
  try {
    const payload = new URL(url).searchParams.get('token')?.split('.')[1]
    if (payload === undefined) return null
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : null
    return typeof exp === 'number' ? exp * 1000 : null
  } catch {
    // Not a signed URL of Storage: it does not end.
    return null
  }
}

function parseSignedUrl(url: string): { bucket: string | null; path: string } {
  const [, bucket, path] = SIGNED_PATH.exec(url) ?? []
  return bucket === undefined || path === undefined
    ? { bucket: null, path: '' }
    : { bucket, path: decodeURIComponent(path) }
}
