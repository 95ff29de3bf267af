/**
 * Puts durable messages in order: pure functions over (cursor, buffer).
 *
 * `seq` is gapless per user and commit order, so one rule is enough, whether a message came over the socket or
 * from the table: `cursor + 1` is delivered, lower is a duplicate, higher waits in the buffer until the rows
 * between have been read. An `epoch` names one numbering; under another epoch the numbers mean nothing.
 */

/** A place in a user's sequence. `epoch` is null until the user has had a first notification. */
export interface Position {
  epoch: string | null
  seq: number
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

/** A message from the socket. */
export function receive<T extends Sequenced>(sequencer: Sequencer<T>, message: T): Step<T> {
  const { cursor } = sequencer
  if (cursor === null) return settle(hold(sequencer, message), [])
  if (cursor.epoch !== null && message.epoch !== cursor.epoch) {
    return { sequencer: { ...sequencer, overflowed: true }, deliver: [], behind: true }
  }
  if (message.seq <= cursor.seq) return settle(sequencer, [])
  if (message.seq > cursor.seq + 1) return settle(hold(sequencer, message), [])
  return settle(advance(sequencer, message), [message])
}

/**
 * Rows of the table, in ascending order, beginning right after the cursor. The table is the truth: a hole
 * between rows (deleted by hand) is stepped over.
 */
export function receiveRows<T extends Sequenced>(sequencer: Sequencer<T>, rows: readonly T[]): Step<T> {
  let current = sequencer
  const deliver: T[] = []
  for (const row of rows) {
    if (current.cursor === null || row.seq <= current.cursor.seq) continue
    current = advance(current, row)
    deliver.push(row)
  }
  return settle(current, deliver)
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
  if (cursor.epoch !== null && head.epoch !== cursor.epoch) {
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
  const buffer = new Map(
    [...sequencer.buffer].filter(
      ([seq, message]) => seq > position.seq && (position.epoch === null || message.epoch === position.epoch),
    ),
  )
  return settle({ cursor: position, buffer, overflowed: sequencer.overflowed }, [])
}

/** Called when the head has been reached: what had overflowed has been read from the table by then. */
export function clearOverflow<T extends Sequenced>(sequencer: Sequencer<T>): Sequencer<T> {
  return { ...sequencer, overflowed: false }
}

export function isBehind<T extends Sequenced>(sequencer: Sequencer<T>): boolean {
  return sequencer.overflowed || sequencer.buffer.size > 0
}

function advance<T extends Sequenced>(sequencer: Sequencer<T>, message: T): Sequencer<T> {
  return { ...sequencer, cursor: { epoch: message.epoch, seq: message.seq } }
}

function hold<T extends Sequenced>(sequencer: Sequencer<T>, message: T): Sequencer<T> {
  if (sequencer.buffer.has(message.seq)) return sequencer
  if (sequencer.buffer.size >= BUFFER_LIMIT) return { ...sequencer, overflowed: true }
  return { ...sequencer, buffer: new Map(sequencer.buffer).set(message.seq, message) }
}

/** Drains the buffer: what now follows is delivered, what is no longer above the cursor is dropped. */
function settle<T extends Sequenced>(sequencer: Sequencer<T>, delivered: T[]): Step<T> {
  if (sequencer.cursor === null || sequencer.buffer.size === 0) {
    return { sequencer, deliver: delivered, behind: isBehind(sequencer) }
  }
  let cursor: Position = sequencer.cursor
  const deliver = [...delivered]
  for (;;) {
    const next = sequencer.buffer.get(cursor.seq + 1)
    if (next === undefined || (cursor.epoch !== null && next.epoch !== cursor.epoch)) break
    deliver.push(next)
    cursor = { epoch: next.epoch, seq: next.seq }
  }
  const { epoch, seq } = cursor
  const buffer = new Map(
    [...sequencer.buffer].filter(
      ([held, message]) => held > seq && (epoch === null || message.epoch === epoch),
    ),
  )
  const settled = { ...sequencer, cursor, buffer }
  return { sequencer: settled, deliver, behind: isBehind(settled) }
}
