import { describe, expect, it } from 'vitest'
import { Bindings, equal } from './compare.ts'

const A = '00000000-0000-4000-8000-00000000000a'
const B = '00000000-0000-4000-8000-00000000000b'
const C = '00000000-0000-4000-8000-00000000000c'

describe('comparing with a recording', () => {
  it('accepts other identifiers, if they are the same wherever the recording has the same', () => {
    const bindings = new Bindings('')
    expect(equal({ id: A, again: A }, { id: B, again: B }, bindings)).toBe(true)
    expect(equal({ id: A }, { id: C }, bindings)).toBe(false)
  })

  it('requires identifiers that were sent to be the same', () => {
    expect(equal({ id: A }, { id: B }, new Bindings(`insert ${A}`))).toBe(false)
  })

  it('accepts times that differ in their digits only', () => {
    const bindings = new Bindings('')
    expect(equal('2026-11-22T23:55:28.513Z', '2027-01-01T00:00:00.001Z', bindings)).toBe(true)
    expect(equal('2026-11-22T23:55:28.513Z', '2027-01-01T00:00:00.001+00:00', bindings)).toBe(false)
    expect(equal('Token has expired 25 seconds ago', 'Token has expired 31 seconds ago', bindings)).toBe(true)
  })

  it('finds missing, additional and changed fields', () => {
    const bindings = new Bindings('')
    expect(equal({ a: 1 }, { a: 1, b: 2 }, bindings)).toBe(false)
    expect(equal({ a: 1, b: 2 }, { a: 1 }, bindings)).toBe(false)
    expect(equal({ a: 1 }, { a: 2 }, bindings)).toBe(false)
    expect(equal({ a: null }, { a: {} }, bindings)).toBe(false)
  })

  it('accepts the numbers of bindings in any order', () => {
    const bindings = new Bindings('')
    const joined = {
      postgres_changes: [
        { id: 1, event: '*' },
        { id: 2, event: 'INSERT' },
      ],
    }
    const here = {
      postgres_changes: [
        { id: 10, event: '*' },
        { id: 20, event: 'INSERT' },
      ],
    }
    expect(equal(joined, here, bindings)).toBe(true)
    expect(equal({ ids: [1, 2] }, { ids: [20, 10] }, bindings)).toBe(true)
    expect(equal({ ids: [1] }, { ids: [20] }, bindings)).toBe(false)
  })
})
