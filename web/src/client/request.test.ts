import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BackendRequest } from './backend.ts'
import { call } from './request.ts'
import { createSupabaseSigner } from './url-signer.ts'

/** As supabase-js while it waits for a token: it has not looked at the signal yet. */
const hanging: BackendRequest = { abortSignal: () => Promise.withResolvers<never>().promise }

/** Instead of the clock. */
function timeLimit() {
  const limit = new AbortController()
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal)
  return { end: () => limit.abort(new DOMException('too long', 'TimeoutError')), timeout }
}

afterEach(() => vi.restoreAllMocks())

describe('a request', () => {
  it('that hangs ends by its time limit, also where the caller could end it', async () => {
    for (const signal of [undefined, new AbortController().signal]) {
      const { end, timeout } = timeLimit()
      const answer = call(hanging, 'history_unavailable', signal)
      expect(timeout).toHaveBeenCalledWith(10_000)
      end()
      await expect(answer).rejects.toMatchObject({ code: 'history_unavailable' })
      vi.restoreAllMocks()
    }
  })

  it('that hangs ends when the caller ends it', async () => {
    const caller = new AbortController()
    const answer = call(hanging, 'database_unavailable', caller.signal)
    caller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'database_unavailable' })
  })

  it('has the code and the hint of the database’s answer', async () => {
    const refused = (message: string, hint: string | null): BackendRequest => ({
      abortSignal: async () => ({ data: null, error: { message, hint } }),
    })
    await expect(
      call(refused('rate_limited', '{"retryAfterMs":5}'), 'database_unavailable'),
    ).rejects.toMatchObject({
      code: 'rate_limited',
      details: { hint: { retryAfterMs: 5 } },
    })
    await expect(call(refused('syntax error', 'Look again.'), 'database_unavailable')).rejects.toMatchObject({
      code: 'database_unavailable',
      details: {},
    })
  })
})

describe('signing URLs again', () => {
  it('ends by its time limit, without URLs', async () => {
    const { end, timeout } = timeLimit()
    const signer = createSupabaseSigner(
      {
        storage: {
          from: () => ({ createSignedUrls: () => Promise.withResolvers<never>().promise }),
        },
      },
      () => 0,
    )
    const url = 'https://example.org/storage/v1/object/sign/derivatives/a.jpg?token=ended'
    const signed = signer.signAgain([url])
    expect(timeout).toHaveBeenCalledWith(5_000)
    end()
    expect(await signed).toEqual(new Map([[url, null]]))
  })
})
