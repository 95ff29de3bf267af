/**
 * What the client uses of supabase-js. A page that has no supabase-js gives something smaller of the same shape, and a
 * transport where it has no socket of supabase-js either, as the drop-in does.
 */

import type { RealtimeChannel, RealtimeChannelOptions, RealtimeClient } from '@supabase/supabase-js'

export interface Backend extends DataBackend {
  readonly realtime: RealtimeClient
  channel(topic: string, options: RealtimeChannelOptions): RealtimeChannel
}

/** Everything but the socket. */
export interface DataBackend {
  readonly auth: BackendAuth
  /** Calls a function of the database. */
  rpc(name: string, args?: object): BackendRequest
  from(table: string): { select(columns: string): BackendQuery }
  readonly storage: {
    from(bucket: string): {
      createSignedUrls(
        paths: string[],
        seconds: number,
      ): PromiseLike<{
        data: { path: string | null; signedUrl: string | null }[] | null
      }>
    }
  }
}

export interface BackendAuth {
  getSession(): Promise<{
    data: { session: BackendSession | null }
    error: { name: string } | null
  }>
  onAuthStateChange(listener: (event: string, session: BackendSession | null) => void): {
    data: { subscription: { unsubscribe(): void } }
  }
  /** Renews the token. */
  refreshSession?(): Promise<{
    data: { session: BackendSession | null }
    error: { name: string } | null
  }>
  /** Ends the session in this browser. */
  signOut?(options: { scope: 'local' }): Promise<unknown>
}

export interface BackendSession {
  user: { id: string }
}

/** `status` of the HTTP answer. */
export type BackendAnswer = { status?: number } & (
  | { data: unknown; error: null }
  | { data: null; error: { message: string; hint: string | null } }
)

export interface BackendRequest {
  /** Sends it. */
  abortSignal(signal: AbortSignal): PromiseLike<BackendAnswer>
}

export interface BackendQuery extends BackendRequest {
  filter(column: string, operator: 'eq' | 'gt', value: string | number): this
  order(column: string): this
  limit(count: number): this
}
