/**
 * Meant differences between the embedded server and the real one. Any other difference is a failure.
 * Delays are not listed: the 5 s before a refused join and the 2 s before a refused upgrade are settings, off here.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { EVENT } from '../protocol/wire.ts'

export interface Observation {
  scenario: string
  /** The request, or connection, lane and position. */
  where: string
  expected: unknown
  actual: unknown
}

export interface ExpectedDifference {
  reason: string
  applies(observation: Observation): boolean
}

export const MEANT_DIFFERENCES: readonly ExpectedDifference[] = [
  {
    reason: 'A frame whose topic is not text is ignored; the real server repeats that topic in its answer.',
    applies: ({ expected, actual }) => actual === undefined && !hasTextTopic(expected),
  },
  {
    reason:
      'A client that floods a channel is not read until what it has sent is handled; on the real server the channel ' +
      'runs out of memory and crashes (and the recording leaves out the flood itself).',
    applies: ({ expected }) => hasEvent(expected, EVENT.error),
  },
  {
    reason:
      'realtime.subscription holds the subscriptions of open channels; on the real server those of a closed channel ' +
      'of an earlier scenario were still in it.',
    applies: ({ where, expected, actual }) =>
      where.includes('from realtime.subscription') && isPartOf(rowsOf(actual), rowsOf(expected)),
  },
  {
    reason: 'Because the channel did not crash, the rejoin of its topic closes it.',
    applies: ({ scenario, expected, actual }) =>
      scenario.startsWith('channel_crash') && expected === undefined && hasEvent(actual, EVENT.close),
  },
]

function hasTextTopic(content: unknown): boolean {
  const topic = isRecord(content) ? content.topic : Array.isArray(content) ? content[2] : ''
  return typeof topic === 'string'
}

function hasEvent(content: unknown, event: string): boolean {
  return isRecord(content) ? content.event === event : Array.isArray(content) && content[3] === event
}

/** The rows of a statement without the identifiers in them, as text. */
function rowsOf(outcome: unknown): string[] {
  const rows = isRecord(outcome) && Array.isArray(outcome.rows) ? outcome.rows : []
  return rows.map((row) => JSON.stringify(isRecord(row) ? { ...row, subscription_id: undefined } : row))
}

function isPartOf(some: string[], all: string[]): boolean {
  const left = [...all]
  return (
    some.length > 0 &&
    some.every((row) => {
      const at = left.indexOf(row)
      if (at !== -1) left.splice(at, 1)
      return at !== -1
    })
  )
}
