/** Sessions of signed-in users, in the server's memory. The browser has only an `HttpOnly` cookie with the session's id. */

import { randomUUID } from 'node:crypto'
import { createClient, type Session } from '@supabase/supabase-js'

/** Milliseconds. A token that expires within this time is renewed before it is given to a page. */
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

  /** The session of a cookie, with a valid token; null where no user is signed in. */
  async find(id: string | undefined): Promise<Session | null> {
    const session = id === undefined ? null : ((await this.#sessions.get(id)) ?? null)
    if (id === undefined || session === null || !endsSoon(session)) return session
    // Requests of the same session share one renewal, because a refresh token can be used once.
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
