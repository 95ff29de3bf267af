import { describe, expect, it } from 'vitest'
import { Bindings } from './compare.ts'
import { ReplayConnection } from './connection.ts'
import { type ConnectionEvent, laneOf } from './lanes.ts'
import { Verdict } from './verdict.ts'

function frame(text: string): ConnectionEvent {
  return { kind: 'frame', frame: { kind: 'text', text } }
}

const JOINED = frame('["1","1","realtime:t","phx_reply",{"status":"ok","response":{}}]')
const BROADCAST = frame('[null,null,"realtime:t","broadcast",{"n":1}]')
const ACK = frame('["1","2","realtime:t","phx_reply",{"status":"ok","response":{}}]')
const DIFF = frame('[null,null,"realtime:t","presence_diff",{}]')

function differences(expected: ConnectionEvent[], actual: ConnectionEvent[], reason?: string): unknown[] {
  const connection = new ReplayConnection('A', () => undefined)
  for (const event of expected) connection.expect(event)
  for (const event of actual) {
    const lane = laneOf(event)
    connection.actual.set(lane, [...(connection.actual.get(lane) ?? []), event])
  }
  const meant = reason ? [{ reason, applies: () => true }] : []
  const verdict = new Verdict('scenario', new Bindings(''), meant)
  verdict.connection(connection)
  expect([...verdict.excused]).toEqual(reason ? [reason] : [])
  return verdict.mismatches.map((mismatch) => mismatch.where)
}

describe('a verdict', () => {
  it('has no difference when every event came in order', () => {
    expect(differences([JOINED, BROADCAST, ACK], [JOINED, BROADCAST, ACK])).toEqual([])
  })

  it('finds a missing event, and no difference in the events after it', () => {
    expect(differences([JOINED, BROADCAST, ACK], [JOINED, ACK])).toEqual(['A realtime:t #2'])
  })

  it('finds an unexpected event', () => {
    expect(differences([JOINED], [JOINED, BROADCAST])).toEqual(['A realtime:t, after the last'])
  })

  it('finds events in the wrong order', () => {
    expect(differences([JOINED, BROADCAST, ACK], [JOINED, ACK, BROADCAST])).not.toEqual([])
  })

  it('accepts presence before or after replies', () => {
    expect(differences([ACK, DIFF], [DIFF, ACK])).toEqual([])
  })

  it('finds another close code', () => {
    const close = (code: number): ConnectionEvent => ({ kind: 'close', code, reason: '' })
    expect(differences([close(1000)], [close(1001)])).toEqual(['A connection #1'])
  })

  it('names the reasons of meant differences', () => {
    expect(differences([JOINED, BROADCAST], [JOINED], 'meant')).toEqual([])
  })
})
