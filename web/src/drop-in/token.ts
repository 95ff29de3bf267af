/** Keeps the access token of the page's session while it is valid, and asks its source for the next one. */

import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import { DropInError } from './drop-in-error.ts'

/**
 * Returns the token of the signed-in user; null without a session.
 *
 * @param refused a token that the server takes for expired, whatever this device's clock says.
 * @throws when the token cannot be read now, e.g. without a network. The source is asked again later.
 */
export type TokenSource = (refused?: string) => string | null | Promise<string | null>

export interface Token {
  text: string
  userId: string
  /** Milliseconds since the epoch, by the server's clock. */
  issuedAt: number
  expiresAt: number
}

export interface TokenKeeper {
  /** @throws DropInError `token_unavailable`, `configuration_invalid`. */
  current(): Promise<Token | null>
  /** The server refused the token: the next call asks the source. */
  forget(): void
}

/** A token that expires within so many milliseconds is not used. */
export const TOKEN_MARGIN = 60_000

/** Milliseconds for which a token without a time of issue counts as issued: Auth's default. */
const LIFETIME = 3_600_000

export interface KeepOptions {
  /** Milliseconds until the source is asked again although the token is valid: the user may have changed. */
  maxAge: number
  clock?: () => number
}

export function keepToken(source: TokenSource, { maxAge, clock = Date.now }: KeepOptions): TokenKeeper {
  let kept: Token | null = null
  let keptAt = 0
  let refused: string | undefined
  let asking: Promise<Token | null> | null = null

  async function ask(): Promise<Token | null> {
    try {
      const text = await source(refused)
      kept = text === null ? null : parseToken(text)
      keptAt = clock()
      return kept
    } catch (cause) {
      throw cause instanceof DropInError ? cause : new DropInError('token_unavailable', { cause })
    } finally {
      asking = null
    }
  }

  return {
    async current() {
      const now = clock()
      if (kept !== null && now - keptAt < maxAge && endOf(kept, keptAt) - TOKEN_MARGIN > now) return kept
      // A new token is used without looking at its expiry, because the device's clock may be wrong.
      asking ??= ask()
      return asking
    },
    forget() {
      refused = kept?.text ?? refused
      kept = null
    },
  }
}

/**
 * End of a token by the device's clock. The clock is wrong where a token that was just obtained has ended or was issued
 * later than now: the token's lifetime counts from that moment then.
 */
function endOf({ issuedAt, expiresAt }: Token, obtainedAt: number): number {
  const isClockRight = issuedAt - TOKEN_MARGIN <= obtainedAt && obtainedAt < expiresAt
  return isClockRight ? expiresAt : obtainedAt + (expiresAt - issuedAt)
}

/** @throws DropInError `configuration_invalid` for text that is no token of a user. */
export function parseToken(text: string): Token {
  try {
    const claims: unknown = JSON.parse(decodeBase64Url(text.split('.')[1] ?? ''))
    const userId = isRecord(claims) ? textAt(claims, 'sub') : undefined
    if (isRecord(claims) && userId !== undefined && typeof claims.exp === 'number') {
      const expiresAt = claims.exp * 1_000
      const issuedAt = typeof claims.iat === 'number' ? claims.iat * 1_000 : expiresAt - LIFETIME
      return { text, userId, issuedAt, expiresAt }
    }
  } catch {
    // The error below has no cause, because a token must not be logged.
  }
  throw new DropInError('configuration_invalid', { details: { setting: 'token' } })
}

/** Text in UTF-8. */
export function decodeBase64Url(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)))
}
