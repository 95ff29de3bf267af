import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { limitAuthRequests } from './auth-requests.ts'
import { createSupabaseIdentity } from './supabase-identity.ts'

/** A page that is reloaded with a session whose token has expired, on this network. */
function reloaded(fetch: typeof globalThis.fetch) {
  const session = {
    access_token: 'expired.expired.expired',
    refresh_token: 'refresh',
    token_type: 'bearer',
    expires_in: 3_600,
    expires_at: 1,
    user: { id: 'user-anna' },
  }
  return createClient('http://127.0.0.1:1', 'sb_publishable_test', {
    auth: {
      autoRefreshToken: false,
      storage: {
        getItem: () => JSON.stringify(session),
        setItem: () => undefined,
        removeItem: () => undefined,
      },
    },
    global: { fetch },
  })
}

/** Never answers; ends only when it is told to. */
const hanging: typeof globalThis.fetch = (_input, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
  })

describe('the signed-in user', () => {
  it('is null without a session', async () => {
    const supabase = createClient('http://127.0.0.1:1', 'sb_publishable_test', {
      auth: { persistSession: false },
    })
    expect(await createSupabaseIdentity(supabase).currentUserId()).toBeNull()
  })

  it('is null when the server takes the session for ended', async () => {
    const ended = async () =>
      Response.json({ code: 'refresh_token_not_found', message: 'Invalid Refresh Token' }, { status: 400 })
    expect(await createSupabaseIdentity(reloaded(ended)).currentUserId()).toBeNull()
  })

  it('is unknown while the token can only be renewed over a network that hangs', async () => {
    const identity = createSupabaseIdentity(reloaded(hanging), 20)
    await expect(identity.currentUserId()).rejects.toMatchObject({ code: 'connection_lost' })
  })
})

describe('limitAuthRequests', () => {
  it('ends requests for tokens that hang, and leaves others alone', async () => {
    const fetch = limitAuthRequests(20, hanging)
    await expect(fetch('http://127.0.0.1:1/auth/v1/token')).rejects.toThrow(DOMException)
    const upload = new AbortController()
    const uploading = fetch('http://127.0.0.1:1/storage/v1/object', { signal: upload.signal })
    await expect(fetch(new URL('http://127.0.0.1:1/auth/v1/token'))).rejects.toThrow(DOMException)
    upload.abort(new Error('only now'))
    await expect(uploading).rejects.toThrow('only now')
  })

  it('heeds the signal of the caller too', async () => {
    const caller = new AbortController()
    const request = limitAuthRequests(60_000, hanging)('http://127.0.0.1:1/auth/v1/token', {
      signal: caller.signal,
    })
    caller.abort(new Error('left'))
    await expect(request).rejects.toThrow('left')
  })
})
