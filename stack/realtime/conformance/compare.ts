/**
 * Compares received values with recorded ones. Identifiers, references and times vary from run to run. An identifier may
 * differ, but must be the same wherever the recording has the same.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const MOMENT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?$/
const REFERENCES = new Set(['phx_ref', 'phx_ref_prev'])
const EXPIRED = /expired \d+ seconds ago/

/** Maps identifiers of the recording to those of this run. */
export class Bindings {
  readonly #pairs = new Map<string, string>()
  readonly #captured = new Map<string, string>()
  readonly #literal: ReadonlySet<string>

  /** @param actions everything that is sent: identifiers in it are the same in every run */
  constructor(actions: string) {
    this.#literal = new Set(actions.match(UUIDS))
  }

  /** @param kind keeps a number and a reference of the same text apart */
  same(kind: string, expected: string, actual: string): boolean {
    const key = `${kind}:${expected}`
    const bound = this.#pairs.get(key)
    if (bound !== undefined) return bound === actual
    if (kind === 'uuid' && this.#literal.has(expected) && !this.#captured.has(expected))
      return expected === actual
    this.#pairs.set(key, actual)
    return true
  }

  bound(kind: string, expected: string): string | undefined {
    return this.#pairs.get(`${kind}:${expected}`)
  }

  /** Remembers a value that a statement returned, for the parameters of later ones. */
  capture(expected: string, actual: string): void {
    if (expected !== actual) this.#captured.set(expected, actual)
  }

  captured(value: string | number): string | number {
    const actual = this.#captured.get(String(value))
    if (actual === undefined) return value
    return typeof value === 'number' ? Number(actual) : actual
  }

  substitute(text: string): string {
    return text.replace(UUIDS, (uuid) => this.#captured.get(uuid) ?? uuid)
  }
}

export function equal(expected: unknown, actual: unknown, bindings: Bindings, key = ''): boolean {
  if (typeof expected === 'string' && typeof actual === 'string')
    return sameText(expected, actual, bindings, key)
  if (typeof expected === 'number' && typeof actual === 'number') {
    if (key === 'ids' || key === 'binding id')
      return bindings.same('binding', String(expected), String(actual))
    return expected === actual || bindings.captured(expected) === actual
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) return false
    if (key === 'ids') return sameIds(expected, actual, bindings)
    // The reply to a join names its bindings by a hash.
    const isBindings = key === 'postgres_changes'
    return expected.every((item: unknown, index) => {
      const other: unknown = actual[index]
      if (isBindings && isRecord(item) && isRecord(other)) {
        const { id, ...rest } = item
        const { id: otherId, ...otherRest } = other
        return equal(id, otherId, bindings, 'binding id') && equal(rest, otherRest, bindings)
      }
      return equal(item, other, bindings, key)
    })
  }
  if (isRecord(expected) && isRecord(actual)) return sameRecord(expected, actual, bindings)
  return expected === actual
}

/** In any order, because the order of matching bindings has no meaning. */
function sameIds(expected: unknown[], actual: unknown[], bindings: Bindings): boolean {
  const left = actual.map(String)
  const unknown: string[] = []
  for (const id of expected.map(String)) {
    const bound = bindings.bound('binding', id)
    const at = bound === undefined ? -1 : left.indexOf(bound)
    if (at !== -1) left.splice(at, 1)
    else if (bound === undefined) unknown.push(id)
    else return false
  }
  return unknown.every((id) => bindings.same('binding', id, left.shift() ?? ''))
}

function sameText(expected: string, actual: string, bindings: Bindings, key: string): boolean {
  if (REFERENCES.has(key)) return bindings.same('reference', expected, actual)
  if (UUID.test(expected) && UUID.test(actual)) return bindings.same('uuid', expected, actual)
  if (expected === actual || bindings.captured(expected) === actual) return true
  if (MOMENT.test(expected) && MOMENT.test(actual)) return shape(expected) === shape(actual)
  if (EXPIRED.test(expected)) return expected.replace(EXPIRED, '') === actual.replace(EXPIRED, '')
  return false
}

/** Moments differ in their digits only; trailing zeros of a fraction are not printed. */
function shape(moment: string): string {
  return moment.replace(/\.\d+/, '.0').replace(/\d/g, '0')
}

function sameRecord(
  expected: Record<string, unknown>,
  actual: Record<string, unknown>,
  bindings: Bindings,
): boolean {
  const actualKeys = new Set(Object.keys(actual))
  if (actualKeys.size !== Object.keys(expected).length) return false
  const renamed: string[] = []
  for (const key of Object.keys(expected)) {
    if (actualKeys.delete(key)) {
      if (!equal(expected[key], actual[key], bindings, key)) return false
    } else renamed.push(key)
  }
  // The remaining keys can only be identifiers, e.g. of presences.
  return renamed.every((key) => {
    const match = [...actualKeys].find(
      (candidate) =>
        UUID.test(key) &&
        UUID.test(candidate) &&
        bindings.same('uuid', key, candidate) &&
        equal(expected[key], actual[candidate], bindings, key),
    )
    return match !== undefined && actualKeys.delete(match)
  })
}
