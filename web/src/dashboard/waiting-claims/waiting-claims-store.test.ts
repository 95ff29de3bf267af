import { expect, test, vi } from 'vitest'
import { WaitingClaimsStore } from './waiting-claims-store.ts'

const ID = 'e6b2a0d4-0f5a-4a7e-9b6e-000000000001'
const TOKEN = 'a'.repeat(64)
const row = { incident_id: ID, title: 'Rear-ended', received_at: '2026-11-30T10:00:00Z', can_confirm: false }

function bench(
  answers: Record<string, { data: unknown; error: { message: string } | null }>,
  token: string | null = null,
) {
  const calls: unknown[] = []
  const confirmed = vi.fn(async () => undefined)
  const rpc = async (name: string, args?: unknown) => {
    calls.push(args === undefined ? [name] : [name, args])
    return answers[name] ?? { data: null, error: { message: 'fetch failed' } }
  }
  // The fake answers the two fields that the store reads.
  const supabase = { rpc } as unknown as ConstructorParameters<typeof WaitingClaimsStore>[0]['supabase']
  const link = token === null ? null : { incidentId: ID, token }
  return { calls, confirmed, store: new WaitingClaimsStore({ supabase, link, confirmed }) }
}

const waiting = { waiting_claims: { data: [row], error: null } }

test('a claim can be confirmed by the link of its mail, also in a session by password', async () => {
  const { store, calls, confirmed } = bench(
    { ...waiting, confirm_claim: { data: { incidentId: ID }, error: null } },
    TOKEN,
  )
  await store.read()
  expect(store.state.claims).toMatchObject([{ incidentId: ID, canConfirm: true }])
  expect(await store.confirm(ID)).toBe(true)
  expect(calls).toContainEqual(['confirm_claim', { p_incident_id: ID, p_token: TOKEN }])
  expect(confirmed).toHaveBeenCalledOnce()
  expect(store.state.claims).toEqual([])
})

test('without the link and without a session from the mailbox, the claim is shown and cannot be confirmed', async () => {
  const { store } = bench(waiting)
  await store.read()
  expect(store.state.claims).toMatchObject([{ canConfirm: false }])
})

test('an answer that is refused is told in words and leaves the claim where it is', async () => {
  for (const [message, words] of [
    ['claim_link_invalid', 'too old'],
    ['fetch failed', 'could not be reached'],
  ] as const) {
    const { store, confirmed } = bench(
      { ...waiting, confirm_claim: { data: null, error: { message } } },
      TOKEN,
    )
    await store.read()
    expect(await store.confirm(ID)).toBe(false)
    expect(store.state).toMatchObject({ busy: null, error: expect.stringContaining(words) })
    expect(store.state.claims).toHaveLength(1)
    expect(confirmed).not.toHaveBeenCalled()
  }
})

test('a claim that is refused is gone; a read without an answer keeps what is there', async () => {
  const { store } = bench({ ...waiting, refuse_claim: { data: null, error: null } })
  await store.read()
  await store.refuse(ID)
  expect(store.state.claims).toEqual([])
  const away = bench({})
  await away.store.read()
  expect(away.store.state.claims).toEqual([])
})
