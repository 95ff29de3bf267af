import { describe, expect, it } from 'vitest'
import type { BackendAnswer, BackendQuery, BackendRequest } from './backend.ts'
import { createSupabaseInbox } from './supabase-inbox.ts'
import { createSupabaseSource } from './supabase-source.ts'

const ANNA = 'user-anna'
const BEN = 'user-ben'

/** Answers for the user of the token, as PostgREST does. Another user may sign in meanwhile. */
function setup(data: unknown) {
  const session = { userId: ANNA, next: ANNA, calls: [] as string[] }
  const answer = async (): Promise<BackendAnswer> => {
    session.userId = session.next
    return { data, error: null }
  }
  const request: BackendRequest = { abortSignal: answer }
  const query: BackendQuery = {
    filter: () => query,
    order: () => query,
    limit: () => query,
    abortSignal: answer,
  }
  const backend = {
    rpc: (name: string) => {
      session.calls.push(name)
      return request
    },
    from: () => ({ select: () => query }),
  }
  const identity = { currentUserId: async () => session.userId, onChange: () => () => undefined }
  return {
    session,
    source: createSupabaseSource(backend, identity),
    inbox: createSupabaseInbox(backend, identity),
  }
}

const { signal } = new AbortController()
const mismatch = { code: 'user_mismatch' }

describe('an answer for another user who has signed in meanwhile', () => {
  it('is not taken for the head of the first', async () => {
    const { session, source } = setup([{ epoch: 'epoch-1', seq: 7, floor: 0, intervalMs: 0 }])
    expect(await source.readHead(ANNA, signal)).toEqual({ epoch: 'epoch-1', seq: 7, floor: 0, intervalMs: 0 })
    session.next = BEN
    await expect(source.readHead(ANNA, signal)).rejects.toMatchObject(mismatch)
  })

  it('is not taken for rows of the first that are gone', async () => {
    const { session, source } = setup([])
    expect(await source.readPage(ANNA, 0, 10, signal)).toEqual([])
    session.next = BEN
    await expect(source.readPage(ANNA, 0, 10, signal)).rejects.toMatchObject(mismatch)
  })

  it('is not taken for the counts of the first', async () => {
    const { session, inbox } = setup([{ epoch: null, seq: 0, unseen_count: 1, unread_count: '2' }])
    expect(await inbox.counts(ANNA, signal)).toEqual({ epoch: null, seq: 0, unseen: 1, unread: 2 })
    session.next = BEN
    await expect(inbox.counts(ANNA, signal)).rejects.toMatchObject(mismatch)
  })

  it('is not requested: that user’s notifications are not marked', async () => {
    const { session, inbox } = setup(1)
    expect(await inbox.mark(ANNA, [1], { read: true })).toBe(1)
    session.userId = BEN
    await expect(inbox.mark(ANNA, [1], { read: true })).rejects.toMatchObject(mismatch)
    expect(session.calls).toEqual(['mark_notifications'])
  })
})

describe('a mark that the database refuses because of the rate', () => {
  /** @param refusals how many calls are refused before one is taken. */
  function limited(refusals: number) {
    const waits: number[] = []
    let calls = 0
    const request: BackendRequest = {
      abortSignal: async () => {
        calls += 1
        return calls > refusals
          ? { data: 3, error: null }
          : { data: null, error: { message: 'rate_limited', hint: '{"retryAfterMs":40}' } }
      },
    }
    const identity = { currentUserId: async () => ANNA, onChange: () => () => undefined }
    const inbox = createSupabaseInbox({ rpc: () => request }, identity, async (ms) => {
      waits.push(ms)
    })
    return { inbox, waits, calls: () => calls }
  }

  it('is sent again after a second, and later each time', async () => {
    const { inbox, waits, calls } = limited(2)
    expect(await inbox.mark(ANNA, { upTo: 9 }, { seen: true })).toBe(3)
    expect(waits).toEqual([1_000, 2_000])
    expect(calls()).toBe(3)
  })

  it('ends with the refusal after eight attempts', async () => {
    const { inbox, calls } = limited(100)
    await expect(inbox.mark(ANNA, { upTo: 9 }, { seen: true })).rejects.toMatchObject({
      code: 'rate_limited',
    })
    expect(calls()).toBe(8)
  })
})
