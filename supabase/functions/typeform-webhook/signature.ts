/**
 * Typeform's signature: `Typeform-Signature: sha256=<base64 of HMAC-SHA256(secret, raw body)>`.
 * https://www.typeform.com/developers/webhooks/secure-your-webhooks/
 *
 * It has no timestamp, so a recorded request can be sent again. `receive_typeform_response` recognises the response by
 * its token and stores it once.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { decodeBase64, timingSafeEqual } from '../_shared/std.ts'

export const SIGNATURE_HEADER = 'typeform-signature'

/** 32 bytes in base64, with its padding. */
const FORM = /^sha256=([A-Za-z0-9+/]{43}=)$/
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const

/**
 * @param secrets the valid secrets: the current one and, while it is being replaced, the previous one.
 * @throws AppError `webhook_not_configured`, `signature_missing`, `signature_malformed`, `signature_mismatch`
 */
export async function verifySignature(
  body: Uint8Array<ArrayBuffer>,
  header: string | null,
  secrets: readonly string[],
): Promise<void> {
  if (secrets.length === 0) throw new AppError('webhook_not_configured')
  const given = parseSignature(header)
  // Every secret is tried, so that the time does not tell which one matched.
  const matches = await Promise.all(
    secrets.map(async (secret) => timingSafeEqual(await sign(body, secret), given)),
  )
  if (!matches.includes(true)) throw new AppError('signature_mismatch')
}

/** Called before the body is read, so that a request without a well-formed signature costs nothing more. */
export function parseSignature(header: string | null): Uint8Array {
  if (header === null || header.trim() === '') throw new AppError('signature_missing')
  const base64 = FORM.exec(header.trim())?.[1]
  if (base64 === undefined) throw new AppError('signature_malformed')
  return decodeBase64(base64)
}

async function sign(body: Uint8Array<ArrayBuffer>, secret: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), HMAC, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, body))
}
