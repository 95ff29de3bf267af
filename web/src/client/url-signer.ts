/** Signs expired URLs of Storage again, with the user's own rights. */

import type { Backend } from './backend.ts'
import type { Clock, UrlSigner } from './ports.ts'
import { MARGIN, VALIDITY } from './signed-urls.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Milliseconds that messages wait for new URLs; afterwards they are delivered without a URL. */
const SIGNING_TIMEOUT = 5_000

const SIGNED_PATH = /\/storage\/v1\/object\/sign\/([^/]+)\/([^?]+)\?/

export function createSupabaseSigner(supabase: Pick<Backend, 'storage'>, clock: Clock): UrlSigner {
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
      const signed = new Map<string, string | null>()
      const ended = urls.flatMap((url) => {
        const object = parseSignedUrl(url)
        // A URL that Storage has not signed does not expire. The token in the URL says when a signed URL expires.
        if (object !== null && (tokenExpiry(url) ?? 0) - MARGIN <= clock()) return { url, ...object }
        signed.set(url, url)
        return []
      })
      for (const [bucket, members] of Map.groupBy(ended, ({ bucket }) => bucket)) {
        const fresh = await signBucket(bucket, [...new Set(members.map(({ path }) => path))])
        for (const { url, path } of members) signed.set(url, fresh.get(path) ?? null)
      }
      return signed
    },
  }
}

/** Expiry in milliseconds: a signed URL of Storage carries a JWT with `exp`. */
function tokenExpiry(url: string): number | null {
  try {
    const payload = new URL(url).searchParams.get('token')?.split('.')[1]
    if (payload === undefined) return null
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : null
    return typeof exp === 'number' ? exp * 1000 : null
  } catch {
    // The token is no JWT.
    return null
  }
}

function parseSignedUrl(url: string): { bucket: string; path: string } | null {
  const [, bucket, path] = SIGNED_PATH.exec(url) ?? []
  return bucket === undefined || path === undefined ? null : { bucket, path: decodeURIComponent(path) }
}
