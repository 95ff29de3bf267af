/** The answer to every way of signing in: access token, refresh token and user. */

import { mintToken } from '../keys/index.ts'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import type { OpenSession } from './sessions.ts'
import type { UserJson } from './user-record.ts'
import { AUDIENCE, userJson } from './users.ts'

export interface SessionJson {
  access_token: string
  token_type: 'bearer'
  /** Seconds. */
  expires_in: number
  /** Seconds since 1970. */
  expires_at: number
  refresh_token: string
  user: UserJson
}

export async function sessionJson(
  context: AuthContext,
  db: Queryable,
  session: OpenSession,
): Promise<SessionJson> {
  const { user } = session
  const issuedAt = Math.floor(Date.now() / 1000)
  const expiresIn = context.settings.accessTokenLifetime
  const accessToken = await mintToken(
    context.keys,
    {
      iss: context.issuer,
      sub: user.id,
      aud: user.aud ?? AUDIENCE,
      email: user.email ?? '',
      phone: user.phone ?? '',
      app_metadata: user.raw_app_meta_data ?? {},
      user_metadata: user.raw_user_meta_data ?? {},
      role: user.role ?? AUDIENCE,
      aal: session.aal,
      amr: session.amr,
      session_id: session.id,
      is_anonymous: user.is_anonymous,
    },
    { issuedAt, expiresIn },
  )
  return {
    access_token: accessToken,
    token_type: 'bearer',
    expires_in: expiresIn,
    expires_at: issuedAt + expiresIn,
    refresh_token: session.refreshToken,
    user: await userJson(db, user),
  }
}
