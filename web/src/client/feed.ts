/**
 * One user's messages in order: joins what the socket brings and what the table holds, and hands each durable
 * message over exactly once.
 *
 *   socket ──> parse ──> sequencer ──> delivery queue ──> listener, then cursor
 *                            ^
 *   table  ──> pages ────────┘
 *
 * Everything asynchronous in here ends silently once the feed is closed: nothing of an earlier user can reach the
 * page or the storage under a later one.
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { type ParsedMessage, parseBroadcast, parseMessage } from '../../../functions-shared/parse-message.ts'
import { ClientError } from './client-error.ts'
import type { CursorStore } from './cursor-store.ts'
import { DeliveryQueue } from './delivery-queue.ts'
import type { Clock, NotificationRow, NotificationSource, Pause, UrlSigner } from './ports.ts'
import {
  clearOverflow,
  compare,
  createSequencer,
  isBehind,
  type LostReason,
  moveTo,
  type Position,
  receive,
  receiveRows,
  type Sequencer,
  type Step,
} from './sequencer.ts'

export interface FeedOptions {
  userId: string
  /** Rows read at once, at most. */
  pageSize: number
  source: NotificationSource
  signer: UrlSigner
  cursors: CursorStore
  clock: Clock
  pause: Pause
}

/** No page is made smaller than this. Rows. */
const SMALLEST_PAGE = 10

/**
 * A commit is sent before others can read it: for a moment the table may be behind what was heard. Only a table that
 * stays behind was set back. Milliseconds.
 */
const REWOUND_AFTER = 2_000

/** None of these may throw. */
export interface FeedListener {
  message(entry: DeliveredMessage): void
  /** What listeners have just been told, before the cursor is stored: empty places of the sequence included. */
  told(entries: readonly Entry[]): void
  /** Without a place in the sequence. */
  volatile(message: JobMessage): void
  /** What was missed cannot be told one by one. */
  lost(reason: LostReason): void
  /** The socket brought something that shows that something before it is missing. */
  behind(): void
  error(error: ClientError): void
}

/** A place in the sequence and what stands there; `message` is null where there is nothing to hand over. */
export interface Entry {
  seq: number
  epoch: string
  message: JobMessage | null
  replayed: boolean
  /** Set where another tab has said so: whether this is the tab that people look at. */
  foremost?: boolean
}

export type DeliveredMessage = Entry & { message: JobMessage }

export class Feed {
  readonly #options: FeedOptions
  readonly #listener: FeedListener
  readonly #abort = new AbortController()
  readonly #queue: DeliveryQueue<Entry>
  #sequencer: Sequencer<Entry>
  #delivered: Position | null
  #recovered = true
  #catchingUp: Promise<number> | null = null
  #catchUpAgain = false
  /** Smaller after a page that did not arrive, so that a slow line makes progress too. */
  #pageSize: number
  /** Time of the clock since which the table has been behind what was heard; null while it is not. */
  #rewoundSince: number | null = null
  /** What has been handed over since the cursor was stored. */
  #slice: Entry[] = []

  constructor(options: FeedOptions, listener: FeedListener) {
    this.#options = options
    this.#listener = listener
    this.#pageSize = options.pageSize
    this.#delivered = options.cursors.read(options.userId)
    this.#sequencer = createSequencer(this.#delivered)
    this.#queue = new DeliveryQueue({
      signer: options.signer,
      clock: options.clock,
      pause: options.pause,
      deliver: (entry) => this.#hand(entry),
      delivered: () => this.#mark(),
    })
  }

  /** The place up to which the listener has been told; null before the first visit's head was read. */
  get position(): Position | null {
    return this.#delivered
  }

  /** False once something was missed that could not be delivered one by one. */
  get recovered(): boolean {
    return this.#recovered
  }

  close(): void {
    this.#abort.abort()
    this.#queue.close()
  }

  /** What a broadcast carried. */
  receive(payload: unknown): void {
    const durable: Entry[] = []
    for (const parsed of parseBroadcast(payload)) {
      const entry = this.#entryOf(parsed)
      if (entry !== null) durable.push(entry)
      else if (parsed.kind === 'message') {
        // Volatile: it has its place among the others, but waits for none that is missing.
        this.#receiveDurable(durable.splice(0))
        if (this.#abort.signal.aborted) return
        this.#listener.volatile(parsed.message)
      }
    }
    this.#receiveDurable(durable)
  }

  /** What another tab was told. */
  receiveRelayed(entries: readonly Entry[]): void {
    this.#receiveDurable(entries)
  }

  /**
   * Reads until the head is reached and nothing waits in the buffer. Called while that is under way, it makes the
   * reading go on until everything written before this call has been delivered.
   *
   * @returns the time of the clock at which the head that was reached had been asked for.
   * @throws what the source threw, or AppError `history_unavailable`.
   */
  catchUp(): Promise<number> {
    if (this.#catchingUp !== null) {
      this.#catchUpAgain = true
      return this.#catchingUp
    }
    this.#catchingUp = this.#readToHead().finally(() => {
      this.#catchingUp = null
    })
    return this.#catchingUp
  }

  /** Compares heads without reading anything else. @returns whether something is missing. */
  async isBehindHead(): Promise<boolean> {
    const asked = this.#sequencer.cursor
    const head = await this.#options.source.readHead(this.#options.userId, this.#abort.signal)
    this.#abort.signal.throwIfAborted()
    return compare(this.#sequencer, head, asked).kind !== 'even'
  }

  async #readToHead(): Promise<number> {
    const { source, userId, clock } = this.#options
    for (;;) {
      const asOf = clock()
      this.#catchUpAgain = false
      // What overflowed until now was committed before the head is read, so the head covers it.
      this.#sequencer = clearOverflow(this.#sequencer)
      const asked = this.#sequencer.cursor
      const head = await source.readHead(userId, this.#abort.signal)
      // What is being told meanwhile has its place before anything that the head says.
      await this.#queue.idle()
      this.#abort.signal.throwIfAborted()

      if (this.#sequencer.cursor === null) this.#goOnFrom({ epoch: head.epoch, seq: head.seq })
      const comparison = compare(this.#sequencer, head, asked)
      const rewound = comparison.kind === 'lost' && comparison.reason === 'rewound'
      this.#rewoundSince = rewound ? (this.#rewoundSince ?? asOf) : null
      if (this.#rewoundSince !== null && asOf - this.#rewoundSince < REWOUND_AFTER)
        throw behindItsBroadcasts()
      if (comparison.kind === 'lost') this.#lose(comparison.reason, comparison.from)

      const moved = await this.#readUpTo(head)
      await this.#queue.idle()
      this.#abort.signal.throwIfAborted()
      const missing = isBehind(this.#sequencer)
      if (missing && !moved) throw behindItsBroadcasts()
      if (!missing && !this.#catchUpAgain) {
        this.#pageSize = this.#options.pageSize
        return asOf
      }
    }
  }

  #receiveDurable(entries: readonly Entry[]): void {
    if (entries.length > 0 && !this.#abort.signal.aborted) this.#apply(receive(this.#sequencer, ...entries))
  }

  /** @returns whether the cursor moved. */
  async #readUpTo(head: Position): Promise<boolean> {
    const before = this.#cursorSeq
    while (this.#cursorSeq < head.seq) {
      const after = this.#cursorSeq
      const rows = await this.#readPage(after)
      if (rows.length === 0) {
        await this.#queue.idle()
        // Rows below the head are gone although the floor does not say so.
        if (this.#cursorSeq === after) this.#lose('rows-missing', head)
        break
      }
      const entries = rows.map((row) => this.#entryOfRow(row, head.epoch))
      this.#apply(receiveRows(this.#sequencer, entries))
      await this.#queue.idle()
      this.#abort.signal.throwIfAborted()
    }
    return this.#cursorSeq !== before
  }

  async #readPage(after: number): Promise<NotificationRow[]> {
    const { source, userId } = this.#options
    try {
      const rows = await source.readPage(userId, after, this.#pageSize, this.#abort.signal)
      this.#abort.signal.throwIfAborted()
      return rows
    } catch (cause) {
      const smaller = Math.max(SMALLEST_PAGE, Math.ceil(this.#pageSize / 2))
      this.#pageSize = Math.min(this.#pageSize, smaller)
      throw cause
    }
  }

  get #cursorSeq(): number {
    return this.#sequencer.cursor?.seq ?? 0
  }

  /** A place in the sequence, or null for a message without one. */
  #entryOf(parsed: ParsedMessage): Entry | null {
    if (parsed.kind === 'unrecognised') this.#unrecognised(parsed.type, parsed.seq)
    const { seq, epoch } = parsed.kind === 'message' ? parsed.message : parsed
    if (seq === undefined || seq === null || epoch === undefined || epoch === null) return null
    return { seq, epoch, message: parsed.kind === 'message' ? parsed.message : null, replayed: false }
  }

  /** A row of an earlier epoch has been told under that epoch: it is stepped over. */
  #entryOfRow(row: NotificationRow, epoch: string | null): Entry {
    const parsed = parseMessage(row.payload)
    const entry: Entry = { seq: row.seq, epoch: epoch ?? '', message: null, replayed: true }
    if (parsed.kind === 'unrecognised') {
      this.#unrecognised(parsed.type, row.seq)
      return entry
    }
    const { message } = parsed
    const told = message.epoch !== undefined && epoch !== null && message.epoch !== epoch
    return told ? entry : { ...entry, message: { ...message, seq: row.seq, epoch: entry.epoch } }
  }

  #unrecognised(type: string | null, seq: number | null): void {
    this.#listener.error(new ClientError('message_unrecognised', { details: { type, seq } }))
  }

  #apply(step: Step<Entry>): void {
    this.#sequencer = step.sequencer
    if (step.deliver.length > 0) this.#queue.push(step.deliver)
    if (step.behind) this.#listener.behind()
  }

  #hand(entry: Entry): void {
    const { epoch, seq, message } = entry
    this.#delivered = { epoch, seq }
    this.#slice.push(entry)
    if (message !== null) this.#listener.message({ ...entry, message })
  }

  #mark(): void {
    this.#listener.told(this.#slice)
    this.#slice = []
    if (this.#delivered !== null) this.#options.cursors.advance(this.#options.userId, this.#delivered)
  }

  #lose(reason: LostReason, from: Position): void {
    this.#recovered = false
    this.#rewoundSince = null
    this.#goOnFrom(from)
    this.#listener.lost(reason)
  }

  #goOnFrom(position: Position): void {
    this.#delivered = position
    this.#options.cursors.reset(this.#options.userId, position)
    this.#apply(moveTo(this.#sequencer, position))
  }
}

function behindItsBroadcasts(): ClientError {
  return new ClientError('history_unavailable', { cause: new Error('the table is behind its broadcasts') })
}
