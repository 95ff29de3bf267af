import { expect, test } from 'vitest'
import { type CustodyEvent, checkChain, FIRST_HASH, hashOf } from './chain.ts'

/** Rows with absent values and a time that ends in zeros. */
function chain(length: number): CustodyEvent[] {
  const events: CustodyEvent[] = []
  for (let number = 1; number <= length; number += 1) {
    const event: CustodyEvent = {
      incident_id: 'a1000000-0000-4000-8000-000000000001',
      number,
      event: 'kept',
      document_id: null,
      report_id: null,
      sha256: 'a'.repeat(64),
      byte_size: 10,
      actor: 'service',
      actor_id: null,
      note: null,
      occurred_at: '2026-11-30T09:21:13.12+00:00',
      previous_hash: events.at(-1)?.hash ?? FIRST_HASH,
      hash: '',
    }
    events.push({ ...event, hash: hashOf(event) })
  }
  return events
}

test('the hash of a row is that of thirteen lines', () => {
  const [event] = chain(1)
  expect(event?.hash).toBe('79218d203111a5dc2e23e5170e74d220cabcc23abdec8435a0bf2f267a89737a')
})

test('an intact chain has no finding, nor has an empty one', () => {
  expect(checkChain(chain(5))).toBeNull()
  expect(checkChain([])).toBeNull()
})

test.each<[string, (events: CustodyEvent[]) => CustodyEvent[], string, number]>([
  [
    'a changed row',
    (events) => events.map((e) => (e.number === 3 ? { ...e, note: 'x' } : e)),
    'event_changed',
    3,
  ],
  ['a removed row', (events) => events.filter(({ number }) => number !== 3), 'event_missing', 4],
  ['a missing first row', (events) => events.slice(1), 'event_missing', 2],
  ['a row put in', (events) => events.flatMap((e) => (e.number === 3 ? [e, e] : [e])), 'event_missing', 3],
  ['a row hashed again', (events) => events.map(rehashed), 'event_not_linked', 4],
])('%s is found', (_name, change, problem, number) => {
  expect(checkChain(change(chain(5)))).toEqual({ problem, number })
})

function rehashed(event: CustodyEvent): CustodyEvent {
  if (event.number !== 3) return event
  const changed = { ...event, note: 'x' }
  return { ...changed, hash: hashOf(changed) }
}
