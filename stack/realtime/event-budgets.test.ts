import { describe, expect, it } from 'vitest'
import { EventBudgets } from './event-budgets.ts'
import { DEFAULT_SETTINGS, type RealtimeSettings } from './settings.ts'

const TICK_MS = DEFAULT_SETTINGS.rateTickMs

function budgets(settings: Partial<RealtimeSettings> = {}) {
  const clock = { now: 0 }
  return { clock, budgets: new EventBudgets({ ...DEFAULT_SETTINGS, ...settings }, () => clock.now) }
}

function claims(sub?: string, role = 'authenticated') {
  return { role, exp: 1, ...(sub === undefined ? {} : { sub }) }
}

describe('events counted per source', () => {
  it('of one user exhaust the budget of that user, over HTTP and on every socket, and no other', () => {
    const { clock, budgets: all } = budgets()
    const [one, another] = [{}, {}]
    all.socket(claims('mallory'), one).rate.add(100_000)
    clock.now += TICK_MS
    expect(all.socket(claims('mallory'), one).rate.triggered).toBe(true)
    expect(all.socket(claims('mallory'), another).rate.triggered).toBe(true)
    expect(all.request(claims('mallory')).rate.triggered).toBe(true)
    expect(all.request(claims('alice')).rate.triggered).toBe(false)
    expect(all.database.rate.triggered).toBe(false)
  })

  it('of a token without a user count for its socket, or for its role over HTTP', () => {
    const { clock, budgets: all } = budgets()
    const [one, another] = [{}, {}]
    all.socket(claims(undefined, 'anon'), one).rate.add(100_000)
    all.request(claims(undefined, 'anon')).rate.add(100_000)
    clock.now += TICK_MS
    expect(all.socket(claims(undefined, 'anon'), one).rate.triggered).toBe(true)
    expect(all.socket(claims(undefined, 'anon'), another).rate.triggered).toBe(false)
    expect(all.request(claims(undefined, 'anon')).rate.triggered).toBe(true)
    expect(all.request(claims(undefined, 'service_role')).rate.triggered).toBe(false)
    expect(all.database.rate.triggered).toBe(false)
  })

  it('close receiving channels for the database only', () => {
    const { budgets: all } = budgets()
    expect(all.database.closesReceivers).toBe(true)
    expect(all.request(claims('alice')).closesReceivers).toBe(false)
    expect(all.socket(claims('alice'), {}).closesReceivers).toBe(false)
  })

  it('remember a bounded number of users', () => {
    const { budgets: all } = budgets()
    const first = all.request(claims('0'))
    for (let n = 1; n < 10_000; n++) all.request(claims(String(n)))
    expect(all.request(claims('0'))).toBe(first)
    all.request(claims('one more'))
    expect(all.request(claims('0'))).not.toBe(first)
  })
})

describe('events counted as on hosted Supabase', () => {
  it('of any source exhaust the budget of the database, and receiving channels close', () => {
    const { clock, budgets: all } = budgets({ publicBroadcasts: 'allow' })
    all.request(claims(undefined, 'anon')).rate.add(100_000)
    clock.now += TICK_MS
    expect(all.database.rate.triggered).toBe(true)
    expect(all.socket(claims('alice'), {})).toBe(all.database)
    expect(all.database.closesReceivers).toBe(true)
  })
})

it('a reset forgets the events of every budget', () => {
  const { clock, budgets: all } = budgets()
  const socket = {}
  for (const budget of [all.database, all.request(claims('a')), all.socket(claims(undefined), socket)]) {
    budget.rate.add(100_000)
  }
  all.reset()
  clock.now += TICK_MS
  for (const budget of [all.database, all.request(claims('a')), all.socket(claims(undefined), socket)]) {
    expect(budget.rate.average).toBe(0)
  }
})
