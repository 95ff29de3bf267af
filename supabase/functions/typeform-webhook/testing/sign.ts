/** Signs a body as Typeform does. */

import { encodeBase64 } from '../../_shared/std.ts'

export async function sign(body: Uint8Array<ArrayBuffer>, secret: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const bytes = new TextEncoder().encode(secret)
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
  return `sha256=${encodeBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, body)))}`
}
