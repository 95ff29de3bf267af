/**
 * Takes note of addresses that bounce or complain. The provider proves itself by a secret of its own: as a bearer token, or
 * as the password of basic authentication, where it can only be given an address (`https://mail:<secret>@…`).
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { errorResponse, jsonResponse, parseJson, readBody, requireMethod } from '../_shared/http.ts'
import type { Log } from '../_shared/log.ts'
import { timingSafeEqual } from '../_shared/std.ts'
import { mailEventsOf } from './events.ts'
import type { Suppress } from './suppression.ts'

export interface MailEventsDependencies {
  /** The current secret and, while it is being replaced, the previous one. */
  secrets: readonly string[]
  suppress: Suppress
  log: Log
}

const MAX_BODY_BYTES = 1024 * 1024

/** 200 `{"suppressed": n}`; 401 without the secret; 503 where none is configured or the database is unavailable. */
export async function handleMailEvents(
  request: Request,
  { secrets, suppress, log }: MailEventsDependencies,
): Promise<Response> {
  try {
    requireMethod(request, 'POST')
    if (secrets.length === 0) throw new AppError('webhook_not_configured')
    await requireSecret(request.headers.get('authorization'), secrets)
    const events = mailEventsOf(parseJson(await readBody(request, MAX_BODY_BYTES)))
    for (const event of events) await suppress(event)
    log.info('mail_events_received', { suppressed: events.length })
    return jsonResponse({ suppressed: events.length })
  } catch (error) {
    return errorResponse(error, log)
  }
}

async function requireSecret(header: string | null, secrets: readonly string[]): Promise<void> {
  const given = secretOf(header)
  if (given === null) throw new AppError('signature_missing')
  // Hashes have one length, so that the comparison tells nothing about the secret's.
  const hash = await sha256(given)
  const matches = await Promise.all(
    secrets.map(async (secret) => timingSafeEqual(await sha256(secret), hash)),
  )
  if (!matches.includes(true)) throw new AppError('signature_mismatch')
}

function secretOf(header: string | null): string | null {
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +(\S{1,1024})$/i.exec(header ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme === '') return null
  try {
    return new TextDecoder()
      .decode(Uint8Array.from(atob(value), (character) => character.charCodeAt(0)))
      .replace(/^[^:]*:/, '')
  } catch {
    // Not base64: no secret was given.
    return null
  }
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
