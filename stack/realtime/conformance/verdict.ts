/** Differences from the recording: unexpected ones, and those that are meant. */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { type Bindings, equal } from './compare.ts'
import type { ReplayConnection } from './connection.ts'
import type { ExpectedDifference } from './differences.ts'
import { type ConnectionEvent, contentOf } from './lanes.ts'
import { shortenedTo } from './translate.ts'

/** One difference from the recording. */
export interface Mismatch {
  where: string
  expected: unknown
  actual: unknown
}

export class Verdict {
  readonly mismatches: Mismatch[] = []
  /** Reasons of the meant differences that occurred. */
  readonly excused = new Set<string>()
  checks = 0
  readonly #scenario: string
  readonly #bindings: Bindings
  readonly #differences: readonly ExpectedDifference[]

  constructor(scenario: string, bindings: Bindings, differences: readonly ExpectedDifference[]) {
    this.#scenario = scenario
    this.#bindings = bindings
    this.#differences = differences
  }

  /** Compares the expected events of a connection with the received ones. */
  connection(connection: ReplayConnection): void {
    const lanes = new Set([...connection.expected.keys(), ...connection.actual.keys()])
    for (const lane of lanes) {
      const expected = connection.expected.get(lane) ?? []
      const actual = connection.actual.get(lane) ?? []
      this.#compareLane(`${connection.name} ${lane}`, expected, actual)
    }
  }

  /** Aligns the events, so that one missing event does not make all later ones differ. */
  #compareLane(where: string, expected: ConnectionEvent[], actual: ConnectionEvent[]): void {
    let at = 0
    for (const [index, event] of expected.entries()) {
      const found = this.#looksLike(event, actual[at])
        ? at
        : actual.findIndex((other, position) => position > at && this.#looksLike(event, other))
      const laterWanted = expected.slice(index + 1).some((later) => this.#looksLike(later, actual[at]))
      const name = `${where} #${index + 1}`
      if (found === -1 && laterWanted) {
        this.#compareEvent(name, event, undefined)
      } else {
        for (; at < found; at++) this.#compareEvent(name, undefined, actual[at])
        this.#compareEvent(name, event, actual[at++])
      }
    }
    for (; at < actual.length; at++) this.#compareEvent(`${where}, after the last`, undefined, actual[at])
  }

  #looksLike(expected: ConnectionEvent, actual: ConnectionEvent | undefined): boolean {
    return actual !== undefined && outline(contentOf(expected)) === outline(contentOf(actual))
  }

  #compareEvent(
    where: string,
    expected: ConnectionEvent | undefined,
    actual: ConnectionEvent | undefined,
  ): void {
    // The replay itself ends what the recording left open.
    if (!expected && actual?.kind === 'close') return
    if (expected?.kind === 'frame' && expected.frame.kind === 'text' && actual?.kind === 'frame') {
      const bytes = shortenedTo(expected.frame.text)
      if (bytes !== undefined && actual.frame.kind === 'text') {
        this.check(where, { bytes }, { bytes: Buffer.byteLength(actual.frame.text) })
        return
      }
    }
    this.check(where, expected && contentOf(expected), actual && contentOf(actual))
  }

  check(where: string, expected: unknown, actual: unknown): void {
    this.checks++
    if (!equal(expected, actual, this.#bindings)) this.differ(where, expected, actual)
  }

  differ(where: string, expected: unknown, actual: unknown): void {
    const scenario = this.#scenario
    const meant = this.#differences.find((difference) =>
      difference.applies({ scenario, where, expected, actual }),
    )
    if (meant) this.excused.add(meant.reason)
    else this.mismatches.push({ where, expected, actual })
  }
}

/** Event, reference and status of a frame. */
function outline(content: unknown): string {
  const [event, ref, status] = isRecord(content)
    ? [
        content.event ?? content.kind,
        content.ref,
        isRecord(content.payload) ? content.payload.status : undefined,
      ]
    : Array.isArray(content)
      ? [content[3], content[1], isRecord(content[4]) ? content[4].status : undefined]
      : [content, undefined, undefined]
  return JSON.stringify([event, ref, status])
}
