/**
 * Where the embedded server is meant to differ from the real one. Everything else that differs is a failure.
 * Delays are not listed: the 5 s before a refused join and the 2 s before a refused upgrade are settings, off here.
 */

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

export const MEANT_DIFFERENCES: readonly ExpectedDifference[] = []
