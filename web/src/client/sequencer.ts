/**
 * Puts durable messages in order: pure functions over (cursor, buffer).
 *
 * `seq` is gapless per user and commit order, so one rule is enough, whether a message came over the socket or
 * from the table: `cursor + 1` is delivered, lower is a duplicate, higher waits in the buffer until the rows
 * between have been read. An `epoch` names one numbering; under another epoch the numbers mean nothing.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'

/** A place in a user's sequence. `epoch` is null until the user has had a first notification. */
export interface Position {
  epoch: string | null
  seq: number
}

export function isPosition(value: unknown): value is Position {
  return (
    isRecord(value) &&
    (value.epoch === null || typeof value.epoch === 'string') &&
    typeof value.seq === 'number' &&
    Number.isSafeInteger(value.seq) &&
    value.seq >= 0
  )
}

/** What the table says: the newest `seq`, and the `floor` up to which rows have been deleted. */
export interface Head extends Position {
  floor: number
}

export interface Sequenced {
  seq: number
  epoch: string
}

export interface Sequencer<T extends Sequenced> {
  /** The last place delivered; null before the head was first read, when everything is buffered. */
  readonly cursor: Position | null
  /** Messages above the cursor that wait for those between. */
  readonly buffer: ReadonlyMap<number, T>
  /** The buffer was full and something was left out; the table has it. */
  readonly overflowed: boolean
}

export interface Step<T extends Sequenced> {
  sequencer: Sequencer<T>
  /** In order, each exactly once. */
  deliver: T[]
  /** Something is known to be missing: read the table. */
  behind: boolean
}

/** Why what was missed cannot be delivered one by one. */
export type LostReason = 'epoch-changed' | 'below-floor' | 'rewound' | 'rows-missing'

export type Comparison =
  | { kind: 'even' }
  | { kind: 'behind' }
  /** `from` is where delivery goes on; the state before it has to be read as a whole. */
  | { kind: 'lost'; reason: LostReason; from: Position }

/** Messages kept while the table is being read. What does not fit is read from the table as well. */
export const BUFFER_LIMIT = 2_000

export function createSequencer<T extends Sequenced>(cursor: Position | null): Sequencer<T> {
  return { cursor, buffer: new Map(), overflowed: false }
}

/** Messages from the socket, as they came. A batch costs one look at the buffer, not one per message. */
export function receive<T extends Sequenced>(sequencer: Sequencer<T>, ...messages: readonly T[]): Step<T> {
  const draft = begin(sequencer)
  for (const message of messages) {
    const { cursor } = draft
    if (cursor !== null && cursor.epoch !== null && message.epoch !== cursor.epoch) draft.overflowed = true
    else if (cursor === null || message.seq > cursor.seq + 1) hold(draft, message)
    else if (message.seq === cursor.seq + 1) advance(draft, message)
  }
  return end(draft)
}

/**
 * Rows of the table, in ascending order, beginning right after the cursor. The table is the truth: a hole
 * between rows (deleted by hand) is stepped over.
 */
export function receiveRows<T extends Sequenced>(sequencer: Sequencer<T>, rows: readonly T[]): Step<T> {
  const draft = begin(sequencer)
  for (const row of rows) {
    if (draft.cursor !== null && row.seq > draft.cursor.seq) advance(draft, row)
  }
  return end(draft)
}

/**
 * Compares the cursor with the table's head.
 *
 * @param asked the cursor when the head was asked for: a message that arrived meanwhile is no sign of a rewind.
 */
export function compare<T extends Sequenced>(
  sequencer: Sequencer<T>,
  head: Head,
  asked: Position | null,
): Comparison {
  const { cursor } = sequencer
  if (cursor === null) return { kind: 'behind' }
  // The user's first notification ever may arrive while the head is on its way: no sign of another numbering.
  const first = head.epoch === null && (asked === null || asked.epoch === null)
  if (cursor.epoch !== null && head.epoch !== cursor.epoch && !first) {
    return { kind: 'lost', reason: 'epoch-changed', from: { epoch: head.epoch, seq: head.floor } }
  }
  if (asked !== null && asked.seq > head.seq) {
    return { kind: 'lost', reason: 'rewound', from: { epoch: head.epoch, seq: head.seq } }
  }
  if (cursor.seq < head.floor) {
    return { kind: 'lost', reason: 'below-floor', from: { epoch: head.epoch, seq: head.floor } }
  }
  return cursor.seq < head.seq || isBehind(sequencer) ? { kind: 'behind' } : { kind: 'even' }
}

/** Goes on from another place, delivering what the buffer holds right after it. */
export function moveTo<T extends Sequenced>(sequencer: Sequencer<T>, position: Position): Step<T> {
  const draft = begin(sequencer)
  draft.cursor = position
  drain(draft)
  return end(draft)
}

/** Called when the head has been reached: what had overflowed has been read from the table by then. */
export function clearOverflow<T extends Sequenced>(sequencer: Sequencer<T>): Sequencer<T> {
  return { ...sequencer, overflowed: false }
}

export function isBehind<T extends Sequenced>(sequencer: Sequencer<T>): boolean {
  return sequencer.overflowed || sequencer.buffer.size > 0
}

/** The sequencer while a step is being made: what the step adds to the buffer is kept apart until its end. */
interface Draft<T extends Sequenced> {
  cursor: Position | null
  readonly before: Sequencer<T>
  readonly added: Map<number, T>
  overflowed: boolean
  readonly deliver: T[]
}

function begin<T extends Sequenced>(before: Sequencer<T>): Draft<T> {
  return { cursor: before.cursor, before, added: new Map(), overflowed: before.overflowed, deliver: [] }
}

/** The next message: delivered, with what the buffer holds right after it. */
function advance<T extends Sequenced>(draft: Draft<T>, message: T): void {
  draft.cursor = { epoch: message.epoch, seq: message.seq }
  draft.deliver.push(message)
  drain(draft)
}

function drain<T extends Sequenced>(draft: Draft<T>): void {
  while (draft.cursor !== null) {
    const { epoch, seq } = draft.cursor
    const next = draft.added.get(seq + 1) ?? draft.before.buffer.get(seq + 1)
    if (next === undefined || (epoch !== null && next.epoch !== epoch)) return
    draft.deliver.push(next)
    draft.cursor = { epoch: next.epoch, seq: next.seq }
  }
}

function hold<T extends Sequenced>(draft: Draft<T>, message: T): void {
  const { before, added } = draft
  if (added.has(message.seq) || before.buffer.has(message.seq)) return
  if (before.buffer.size + added.size >= BUFFER_LIMIT) draft.overflowed = true
  else added.set(message.seq, message)
}

function end<T extends Sequenced>({ cursor, before, added, overflowed, deliver }: Draft<T>): Step<T> {
  const moved = cursor !== before.cursor
  let { buffer } = before
  if (added.size > 0 || (moved && buffer.size > 0)) {
    const entries = [...buffer, ...added]
    buffer = new Map(moved ? entries.filter(([, message]) => isAhead(message, cursor)) : entries)
  }
  const sequencer = { cursor, buffer, overflowed }
  return { sequencer, deliver, behind: isBehind(sequencer) }
}

/** What can no longer be delivered must not stay in the buffer: it would look like a gap for ever. */
function isAhead(message: Sequenced, cursor: Position | null): boolean {
  if (cursor === null) return true
  return message.seq > cursor.seq && (cursor.epoch === null || message.epoch === cursor.epoch)
}
