import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { limitAuthRequests } from './auth-requests.ts'
import { withRenewal } from './renewing-backend.ts'
import { call } from './request.ts'
import { createSupabaseIdentity } from './supabase-identity.ts'
import { createSupabaseSource } from './supabase-source.ts'

const USER = 'user-anna'
/** Seconds. */
const LIFETIME = 3_600

/** Auth and REST of a server with a clock of its own, and the storage of a page. Tokens are good for an hour. */
class Server {
  /** Milliseconds that the server's clock is ahead of the device's. */
  readonly #ahead: number
  renewals = 0
  requests = 0
  /** False: Auth takes the session for ended. */
  renews = true
  #token: { text: string; endsAt: number }
  readonly #stored = new Map<string, string>()

  constructor(ahead: number) {
    this.#ahead = ahead
    this.#token = this.#issue()
  }

  get now(): number {
    return Date.now() + this.#ahead
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : String(input))
    if (pathname === '/auth/v1/token') {
      this.renewals += 1
      if (!this.renews) return Response.json({ code: 'refresh_token_not_found' }, { status: 400 })
      this.#token = this.#issue()
      return Response.json(this.#session())
    }
    this.requests += 1
    const sent = new Headers(init?.headers).get('authorization')
    if (sent !== `Bearer ${this.#token.text}` || this.#token.endsAt <= this.now)
      return Response.json({ code: 'PGRST303', message: 'JWT expired', hint: null }, { status: 401 })
    return Response.json([{ epoch: 'e', seq: 4, floor: 0, interval_ms: 0 }])
  }

  /** A page that was loaded with a session from before. */
  page() {
    this.#stored.set('session', JSON.stringify(this.#session()))
    return createClient('http://127.0.0.1:1', 'sb_publishable_test', {
      auth: {
        autoRefreshToken: false,
        storageKey: 'session',
        storage: {
          getItem: (key) => this.#stored.get(key) ?? null,
          setItem: (key, value) => void this.#stored.set(key, value),
          removeItem: (key) => void this.#stored.delete(key),
        },
      },
      global: { fetch: limitAuthRequests(10_000, this.fetch) },
    })
  }

  /** The hour of the present token passes for the server, whatever the device's clock says. */
  expireToken(): void {
    this.#token.endsAt = 0
  }

  #issue() {
    const iat = Math.floor(this.now / 1_000)
    const claims = Buffer.from(JSON.stringify({ sub: USER, iat, exp: iat + LIFETIME, n: this.renewals }))
    const text = `${btoa('{"alg":"ES256"}')}.${claims.toString('base64url')}.${btoa('signature')}`
    return { text, endsAt: (iat + LIFETIME) * 1_000 }
  }

  #session() {
    const end = Math.floor(this.now / 1_000) + LIFETIME
    const user = { id: USER, email: 'anna@example.test' }
    return {
      access_token: this.#token.text,
      refresh_token: 'refresh',
      token_type: 'bearer',
      expires_in: LIFETIME,
      expires_at: end,
      user,
    }
  }
}

function reader(server: Server) {
  const supabase = server.page()
  const source = createSupabaseSource(withRenewal(supabase, Date.now), createSupabaseIdentity(supabase))
  return { supabase, read: () => source.readHead(USER, new AbortController().signal) }
}

describe('a device whose clock is wrong', () => {
  it('2 h ahead: one renewal for many requests, instead of one each', async () => {
    const server = new Server(-7_200_000)
    const { read } = reader(server)
    for (let n = 0; n < 20; n += 1) expect(await read()).toMatchObject({ seq: 4 })
    expect([server.renewals, server.requests]).toEqual([1, 20])
  })

  it('2 h behind: a token that has ended is renewed once for all requests, and each request is repeated', async () => {
    const server = new Server(7_200_000)
    const { read } = reader(server)
    expect(await read()).toMatchObject({ seq: 4 })
    server.expireToken()
    const heads = await Promise.all([read(), read(), read()])
    expect(heads).toEqual(Array(3).fill({ epoch: 'e', seq: 4, floor: 0, intervalMs: 0 }))
    expect(server.renewals).toBe(1)
    for (let n = 0; n < 10; n += 1) await read()
    expect(server.renewals).toBe(1)
  })

  it('and a session that has ended: the request fails and says that the sign-in could not be renewed', async () => {
    const server = new Server(0)
    const { supabase } = reader(server)
    server.expireToken()
    server.renews = false
    const renewing = withRenewal(supabase, Date.now)
    await expect(call(renewing.rpc('notification_head'), 'history_unavailable')).rejects.toMatchObject({
      code: 'session_expired',
    })
    expect(server.renewals).toBe(1)
  })
})
