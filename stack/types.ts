/** Contracts between the parts of the embedded stack. */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { JWK } from 'jose'

/** `source` is the part that speaks, e.g. `postgres`, `realtime`, or a function's name. */
export interface Logger {
  debug(source: string, message: string, fields?: Record<string, unknown>): void
  info(source: string, message: string, fields?: Record<string, unknown>): void
  warn(source: string, message: string, fields?: Record<string, unknown>): void
  error(source: string, message: string, fields?: Record<string, unknown>): void
}

/** Development keys, generated on first start into `<dataDir>/keys.json` (mode 0600, git-ignored). */
export interface StackKeys {
  /** `sb_publishable_...`: identifies a project's client; role `anon`. */
  publishableKey: string
  /** `sb_secret_...`: role `service_role`; bypasses RLS. */
  secretKey: string
  /** Legacy-style keys: ES256 tokens with role `anon` and `service_role`. */
  anonKey: string
  serviceRoleKey: string
  /** Private ES256 key with `kid`; signs user tokens. */
  signingKey: JWK
  /** Public keys, as served at `/auth/v1/.well-known/jwks.json`. */
  jwks: { keys: JWK[] }
  /** Password of the database roles `postgres`, `authenticator` and `supabase_admin`. */
  dbPassword: string
  /** Key of the vault's encryption, hex. */
  vaultKey: string
  /** Secret of the Typeform webhook. */
  typeformSecret: string
  /** Password of the demo user. */
  demoPassword: string
}

export type Role = 'anon' | 'authenticated' | 'service_role'

/** Who calls, after the gateway has checked the API key and the token. */
export interface Caller {
  role: Role
  /** Claims for `request.jwt.claims`; `{ role }` where there is no user token. */
  claims: Readonly<Record<string, unknown>> & { role: string; sub?: string }
}

/** How to reach one database of the cluster. Each URL names the role it connects as. */
export interface DatabaseUrls {
  /** Superuser `supabase_admin`; for the stack's own services only. */
  admin: string
  /** `postgres`, not a superuser; for migrations and for people. */
  postgres: string
  /** `authenticator`: may become anon, authenticated and service_role. */
  authenticator: string
}

/** A part of the stack behind the gateway; `path` is the URL's path after the part's prefix. */
export interface HttpService {
  fetch(request: Request, context: { caller: Caller; path: string }): Promise<Response>
}

/** What the gateway hands a WebSocket upgrade to. */
export interface UpgradeService {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface Stoppable {
  stop(): Promise<void>
}
