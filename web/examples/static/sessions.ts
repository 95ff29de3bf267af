/** Who is signed in, in the server's memory: the browser has a cookie that scripts cannot read. */

import { randomUUID } from 'node:crypto'
import { createClient, type Session } from '@supabase/supabase-js'

/** Milliseconds: a token that ends this soon is renewed before it is handed out. */
const MARGIN = 90_000

export class Sessions {
  readonly #supabaseUrl: string
  readonly #publishableKey: string
  readonly #sessions = new Map<string, Promise<Session | null>>()

  constructor(supabaseUrl: string, publishableKey: string) {
    this.#supabaseUrl = supabaseUrl
    this.#publishableKey = publishableKey
  }

  /** @returns the cookie's value; null for a wrong password. */
  async signIn(email: string, password: string): Promise<string | null> {
    const { data, error } = await this.#auth().signInWithPassword({ email, password })
    if (error !== null) return null
    const id = randomUUID()
    this.#sessions.set(id, Promise.resolve(data.session))
    return id
  }

  /** With a token that is valid; null for nobody. */
  async find(id: string | undefined): Promise<Session | null> {
    const session = id === undefined ? null : ((await this.#sessions.get(id)) ?? null)
    if (id === undefined || session === null || !endsSoon(session)) return session
    // Everybody who asks meanwhile waits for the same renewal: a refresh token is good for one.
    const renewal = this.#renew(session)
    this.#sessions.set(id, renewal)
    return renewal
  }

  signOut(id: string | undefined): void {
    if (id !== undefined) this.#sessions.delete(id)
  }

  async #renew({ refresh_token }: Session): Promise<Session | null> {
    const { data } = await this.#auth().refreshSession({ refresh_token })
    return data.session
  }

  #auth() {
    const auth = { persistSession: false, autoRefreshToken: false }
    return createClient(this.#supabaseUrl, this.#publishableKey, { auth }).auth
  }
}

function endsSoon({ expires_at = 0 }: Session): boolean {
  return expires_at * 1_000 - MARGIN < Date.now()
}
