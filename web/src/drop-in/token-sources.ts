/** Sources of a page's token: an address of the page's server, or the session that supabase-js stores. */

import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import { DropInError } from './drop-in-error.ts'
import { decodeBase64Url, TOKEN_MARGIN, type TokenSource } from './token.ts'

/** Milliseconds. */
const REQUEST_TIMEOUT = 10_000

/**
 * An address of the page's own server that answers `{ "token": "…" }`, or `access_token`, for the session of its
 * cookie; 204, 401 and 403 mean that no user is signed in.
 */
export function tokenFrom(address: string): TokenSource {
  return async () => {
    const response = await fetch(address, {
      credentials: 'same-origin',
      cache: 'no-store',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    })
    if ([204, 401, 403].includes(response.status)) return null
    const body: unknown = response.ok ? await response.json() : null
    const token = isRecord(body) ? (textAt(body, 'token') ?? textAt(body, 'access_token')) : undefined
    if (token !== undefined) return token
    throw new DropInError('token_unavailable', { details: { status: response.status } })
  }
}

export interface StoredSessionOptions {
  supabaseUrl: string
  supabaseKey: string
  /** Default: supabase-js's own, `sb-<first part of the host>-auth-token`. */
  storageKey?: string
}

interface StoredSession {
  accessToken: string
  refreshToken: string | undefined
  /** Milliseconds since the epoch. */
  expiresAt: number
  fields: Record<string, unknown>
}

export function defaultStorageKey(supabaseUrl: string): string {
  return `sb-${new URL(supabaseUrl).hostname.split('.')[0]}-auth-token`
}

/**
 * The session that supabase-js keeps in `localStorage`, or `@supabase/ssr` in cookies that scripts may read. The one in
 * `localStorage` is renewed here when its token has expired, under supabase-js's own lock, so that a refresh token is not used
 * twice. The session in cookies is renewed by the page's server with the next page.
 */
export function storedSession(options: StoredSessionOptions): TokenSource {
  const key = options.storageKey ?? defaultStorageKey(options.supabaseUrl)
  return async (refused) => {
    const isGood = (session: StoredSession): boolean => isFresh(session) && session.accessToken !== refused
    const stored = fromStorage(key)
    if (stored === null) return fromCookies(key)
    if (isGood(stored)) return stored.accessToken
    const renewed = await exclusively(`lock:${key}`, async () => {
      const now = fromStorage(key)
      return now === null || isGood(now) ? now : renew(now, key, options)
    })
    return renewed?.accessToken ?? null
  }
}

function fromStorage(key: string): StoredSession | null {
  try {
    return parseSession(localStorage.getItem(key))
  } catch {
    // Blocked storage holds no session.
    return null
  }
}

function fromCookies(key: string): string | null {
  const cookies = new Map(
    document.cookie.split('; ').map((cookie) => {
      const at = cookie.indexOf('=')
      return [cookie.slice(0, at), decodeURIComponent(cookie.slice(at + 1))] as const
    }),
  )
  let text = cookies.get(key) ?? ''
  // A long session is split into several cookies.
  for (let n = 0; text === '' || n > 0; n += 1) {
    const piece = cookies.get(`${key}.${n}`)
    if (piece === undefined) break
    text += piece
    if (!cookies.has(`${key}.${n + 1}`)) break
  }
  const session = parseSession(text.startsWith('base64-') ? decodeBase64Url(text.slice(7)) : text)
  if (session === null) return null
  if (session.expiresAt > Date.now()) return session.accessToken
  throw new DropInError('token_unavailable', { details: { reason: 'the session in the cookies has ended' } })
}

function parseSession(text: string | null): StoredSession | null {
  if (text === null || text === '') return null
  try {
    const fields: unknown = JSON.parse(text)
    const accessToken = isRecord(fields) ? textAt(fields, 'access_token') : undefined
    if (!isRecord(fields) || accessToken === undefined) return null
    const seconds = typeof fields.expires_at === 'number' ? fields.expires_at : 0
    return {
      accessToken,
      refreshToken: textAt(fields, 'refresh_token'),
      expiresAt: seconds * 1_000,
      fields,
    }
  } catch {
    // Another value under that name.
    return null
  }
}

function isFresh({ expiresAt }: StoredSession): boolean {
  return expiresAt - TOKEN_MARGIN > Date.now()
}

async function renew(
  session: StoredSession,
  key: string,
  { supabaseUrl, supabaseKey }: StoredSessionOptions,
): Promise<StoredSession | null> {
  const response = await fetch(`${supabaseUrl}/auth/v1/token?grant_type=refresh_token`, {
    method: 'POST',
    headers: { apikey: supabaseKey, 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: session.refreshToken }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT),
  })
  // The session was ended on another device or by an administrator.
  if ([400, 401, 403].includes(response.status)) return null
  const answer: unknown = response.ok ? await response.json() : null
  const text = isRecord(answer) ? JSON.stringify({ ...session.fields, ...answer, ...endOf(answer) }) : null
  const renewed = parseSession(text)
  if (text === null || renewed === null) {
    throw new DropInError('token_unavailable', { details: { status: response.status } })
  }
  localStorage.setItem(key, text)
  return renewed
}

/** The end of a session by this device's clock, which supabase-js compares it with. */
function endOf({ expires_in: seconds }: Record<string, unknown>): { expires_at?: number } {
  return typeof seconds === 'number' ? { expires_at: Math.round(Date.now() / 1_000) + seconds } : {}
}

/** Web Locks are missing outside of secure contexts, where supabase-js works without them, too. */
async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks: LockManager | undefined = navigator.locks
  return locks === undefined ? work() : locks.request(name, work)
}
