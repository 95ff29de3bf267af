/**
 * Puts durable messages in order: pure functions over (cursor, buffer).
 *
 * `seq` is gapless per user and commit order, so one rule is enough, whether a message came over the socket or
 * from the table: `cursor + 1` is delivered, lower is a duplicate, higher waits in the buffer until the rows
 * between have been read. An `epoch` names one numbering; under another epoch the numbers mean nothing.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'

/** A cursor in a user's sequence. `epoch` is null until the user's first notification. */
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

/** The table's newest `seq`, and the `floor` up to which rows have been deleted. */
export interface Head extends Position {
  floor: number
  /** Milliseconds that the server asks for between two reads of the head, at least. */
  intervalMs?: number
}

export interface Sequenced {
  seq: number
  epoch: string
}

export interface Sequencer<T extends Sequenced> {
  /** The last delivered `seq`. Null before the first read of the head; until then all messages are buffered. */
  readonly cursor: Position | null
  /** Messages above the cursor that wait for the missing ones before them. */
  readonly buffer: ReadonlyMap<number, T>
  /** The buffer was full and a message was dropped, which has to be read from the table. */
  readonly overflowed: boolean
}

export interface Step<T extends Sequenced> {
  sequencer: Sequencer<T>
  /** In order, each exactly once. */
  deliver: T[]
  /** A message is missing: read the table. */
  behind: boolean
}

/** Why missed messages cannot be delivered one by one. */
export type LostReason = 'epoch-changed' | 'below-floor' | 'rewound' | 'rows-missing'

export type Comparison =
  | { kind: 'even' }
  | { kind: 'behind' }
  /** Delivery continues after `from`; the page has to load its state up to there. */
  | { kind: 'lost'; reason: LostReason; from: Position }

/** Messages buffered while the table is being read. Messages beyond that are read from the table. */
export const BUFFER_LIMIT = 2_000

export function createSequencer<T extends Sequenced>(cursor: Position | null): Sequencer<T> {
  return { cursor, buffer: new Map(), overflowed: false }
}

/** Messages from the socket, in the order of arrival. A batch scans the buffer once. */
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
 * Rows of the table in ascending order, beginning right after the cursor. The table decides: a `seq` without a row (deleted
 * by hand) is skipped.
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
 * @param asked the cursor when the head was asked for. A message that arrived later does not mean that the table was set back.
 */
export function compare<T extends Sequenced>(
  sequencer: Sequencer<T>,
  head: Head,
  asked: Position | null,
): Comparison {
  const { cursor } = sequencer
  if (cursor === null) return { kind: 'behind' }
  // The user's first notification may arrive while the head is being read: the epoch did not change.
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

/** Moves the cursor, and delivers the buffered messages right after it. */
export function moveTo<T extends Sequenced>(sequencer: Sequencer<T>, position: Position): Step<T> {
  const draft = begin(sequencer)
  draft.cursor = position
  drain(draft)
  return end(draft)
}

/** Called before the head is read: messages dropped until then are at or below that head. */
export function clearOverflow<T extends Sequenced>(sequencer: Sequencer<T>): Sequencer<T> {
  return { ...sequencer, overflowed: false }
}

export function isBehind<T extends Sequenced>(sequencer: Sequencer<T>): boolean {
  return sequencer.overflowed || sequencer.buffer.size > 0
}

/** The sequencer during a step. Messages added to the buffer are kept apart until the end of the step. */
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

/** Delivers the next message, and the buffered messages right after it. */
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

/** A message that cannot be delivered any more must leave the buffer: it would look like a gap for ever. */
function isAhead(message: Sequenced, cursor: Position | null): boolean {
  if (cursor === null) return true
  return message.seq > cursor.seq && (cursor.epoch === null || message.epoch === cursor.epoch)
}
