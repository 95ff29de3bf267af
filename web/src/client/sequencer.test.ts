import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BUFFER_LIMIT,
  clearOverflow,
  compare,
  createSequencer,
  isBehind,
  moveTo,
  type Position,
  receive,
  receiveRows,
  type Sequenced,
  type Sequencer,
} from './sequencer.ts'

const at = (seq: number, epoch = 'a'): Sequenced => ({ seq, epoch })
const seqs = (items: readonly Sequenced[]): number[] => items.map((item) => item.seq)
const from = (seq: number, epoch: string | null = 'a'): Sequencer<Sequenced> =>
  createSequencer({ epoch, seq })

describe('a message from the socket', () => {
  it('is delivered when it is the next', () => {
    const step = receive(from(4), at(5))
    expect(step).toMatchObject({ deliver: [at(5)], behind: false })
    expect(step.sequencer.cursor).toEqual({ epoch: 'a', seq: 5 })
  })

  it.each([1, 4])('is dropped when it has been delivered (%i)', (seq) => {
    expect(receive(from(4), at(seq))).toMatchObject({ deliver: [], behind: false })
  })

  it('waits behind a gap, and follows once the gap is filled', () => {
    const gap = receive(from(4), at(7))
    expect(gap).toMatchObject({ deliver: [], behind: true })
    const filled = receiveRows(gap.sequencer, [at(5), at(6)])
    expect(seqs(filled.deliver)).toEqual([5, 6, 7])
    expect(filled.behind).toBe(false)
  })

  it('waits while the head is unknown', () => {
    const held = receive(createSequencer(null), at(9))
    expect(held.deliver).toEqual([])
    expect(seqs(moveTo(held.sequencer, { epoch: 'a', seq: 8 }).deliver)).toEqual([9])
  })

  it('of another epoch is not mixed in', () => {
    expect(receive(from(4), at(5, 'b'))).toMatchObject({ deliver: [], behind: true })
  })

  it('gives a first notification its epoch', () => {
    expect(receive(from(0, null), at(1)).sequencer.cursor).toEqual({ epoch: 'a', seq: 1 })
  })

  it('is not lost when the buffer is full', () => {
    let sequencer = from(0)
    for (let seq = 2; seq <= BUFFER_LIMIT + 2; seq += 1) sequencer = receive(sequencer, at(seq)).sequencer
    expect(sequencer.buffer.size).toBe(BUFFER_LIMIT)
    const { sequencer: drained } = receiveRows(sequencer, [at(1)])
    expect(drained.cursor?.seq).toBe(BUFFER_LIMIT + 1)
    expect(isBehind(drained)).toBe(true)
    expect(isBehind(clearOverflow(drained))).toBe(false)
  })
})

describe('rows of the table', () => {
  it('may overlap with broadcasts', () => {
    expect(seqs(receiveRows(from(5), [at(4), at(5), at(6)]).deliver)).toEqual([6])
  })

  it('fill a gap of a deleted row', () => {
    expect(seqs(receiveRows(from(5), [at(6), at(8)]).deliver)).toEqual([6, 8])
  })
})

describe('compare', () => {
  const head = (seq: number, more: { floor?: number; epoch?: string | null } = {}) => ({
    seq,
    floor: 0,
    epoch: 'a',
    ...more,
  })
  const cursor: Position = { epoch: 'a', seq: 5 }

  it.each([
    ['even', from(5), head(5), { kind: 'even' }],
    ['a lost last message', from(5), head(6), { kind: 'behind' }],
    ['a gap', receive(from(5), at(8)).sequencer, head(5), { kind: 'behind' }],
    ['a first notification', from(0, null), head(1), { kind: 'behind' }],
    [
      'another epoch',
      from(5),
      head(9, { epoch: 'b', floor: 2 }),
      { kind: 'lost', reason: 'epoch-changed', from: { epoch: 'b', seq: 2 } },
    ],
    [
      'a cursor below the floor',
      from(5),
      head(9, { floor: 7 }),
      { kind: 'lost', reason: 'below-floor', from: { epoch: 'a', seq: 7 } },
    ],
    ['a cursor right at the floor', from(5), head(9, { floor: 5 }), { kind: 'behind' }],
    ['a table set back', from(5), head(3), { kind: 'lost', reason: 'rewound', from: { epoch: 'a', seq: 3 } }],
  ])('%s', (_name, sequencer, tableHead, expected) => {
    expect(compare(sequencer, tableHead, sequencer.cursor)).toEqual(expected)
  })

  it.each([
    ['a head that was not known', null],
    ['no notification at all', { epoch: null, seq: 0 }],
  ])('does not take the first notification for another numbering, after %s', (_name, asked) => {
    const { sequencer } = receive(from(0, null), at(1))
    expect(compare(sequencer, head(0, { epoch: null }), asked)).toEqual({ kind: 'even' })
  })

  it('takes an emptied table for another numbering', () => {
    expect(compare(from(5), head(0, { epoch: null }), cursor)).toMatchObject({ kind: 'lost' })
  })

  it('does not take a message that arrived while the head was read for a table set back', () => {
    const { sequencer } = receive(from(5), at(6))
    expect(compare(sequencer, head(5), cursor)).toEqual({ kind: 'even' })
  })
})

describe('any order of arrival', () => {
  /** Writes to the table, broadcasts that are lost, late, doubled or early, and reads of pages of any size. */
  const actions = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: fc.constant('write' as const) }) },
      { weight: 6, arbitrary: fc.record({ type: fc.constant('hear' as const), pick: fc.nat() }) },
      {
        weight: 2,
        arbitrary: fc.record({ type: fc.constant('read' as const), size: fc.integer({ min: 1, max: 9 }) }),
      },
    ),
    { maxLength: 200 },
  )

  it('delivers each message once and in order, and everything once the table has been read to its head', () => {
    fc.assert(
      fc.property(actions, fc.nat({ max: 5 }), (steps, start) => {
        const table: Sequenced[] = []
        for (let seq = 1; seq <= start; seq += 1) table.push(at(seq))
        let sequencer = from(start)
        const delivered: number[] = []
        const apply = (step: ReturnType<typeof receive<Sequenced>>): void => {
          sequencer = step.sequencer
          delivered.push(...seqs(step.deliver))
          expect(step.behind).toBe(isBehind(sequencer))
        }
        const read = (size: number): void => {
          const after = sequencer.cursor?.seq ?? 0
          apply(receiveRows(sequencer, table.filter((row) => row.seq > after).slice(0, size)))
        }
        for (const step of steps) {
          if (step.type === 'write') table.push(at(table.length + 1))
          else if (step.type === 'read') read(step.size)
          else {
            const message = table[step.pick % Math.max(1, table.length)]
            if (message !== undefined) apply(receive(sequencer, message))
          }
          expect(delivered).toEqual(delivered.map((_, index) => start + 1 + index))
        }
        read(table.length + 1)
        expect(start + delivered.length).toBe(table.length)
        expect(compare(sequencer, { epoch: 'a', seq: table.length, floor: 0 }, sequencer.cursor)).toEqual({
          kind: 'even',
        })
      }),
      { numRuns: 1_000 },
    )
  })
})
