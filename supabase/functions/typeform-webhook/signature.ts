/**
 * Typeform's signature: `Typeform-Signature: sha256=<base64 of HMAC-SHA256(secret, raw body)>`.
 * https://www.typeform.com/developers/webhooks/secure-your-webhooks/
 *
 * There is no timestamp in it, so a recorded request can be sent again; the response's token makes that
 * harmless (see `receive_typeform_response`).
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
  // Every secret is tried, whichever matches: the time says nothing about which one it was.
  const matches = await Promise.all(
    secrets.map(async (secret) => timingSafeEqual(await sign(body, secret), given)),
  )
  if (!matches.includes(true)) throw new AppError('signature_mismatch')
}

/** Fails early, before the body is read: a request without a well-formed signature is not worth reading. */
export function parseSignature(header: string | null): Uint8Array {
  if (header === null || header.trim() === '') throw new AppError('signature_missing')
  const base64 = FORM.exec(header.trim())?.[1]
  if (base64 === undefined) throw new AppError('signature_malformed')
  return decodeBase64(base64)
}

/** Secrets as configured: `current,previous`. */
export function parseSecrets(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '')
}

async function sign(body: Uint8Array<ArrayBuffer>, secret: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), HMAC, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, body))
}
