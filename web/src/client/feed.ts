/**
 * One user's messages in order: merges broadcasts and rows of the table, and delivers each durable message exactly once.
 *
 *   socket ──> parse ──> sequencer ──> delivery queue ──> listener, then cursor
 *                            ^
 *   table  ──> pages ────────┘
 *
 * All asynchronous work ends without effect once the feed is closed: no message of an earlier user reaches the page or the
 * storage under a later user.
 */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import { type ParsedMessage, parseBroadcast, parseMessage } from '../../../functions-shared/parse-message.ts'
import { ClientError } from './client-error.ts'
import type { CursorStore } from './cursor-store.ts'
import { DeliveryQueue } from './delivery-queue.ts'
import type { Clock, NotificationRow, NotificationSource, Pause, UrlSigner } from './ports.ts'
import {
  clearOverflow,
  compare,
  createSequencer,
  type Head,
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

/** Rows of the smallest page. */
const SMALLEST_PAGE = 10

/**
 * Milliseconds that the table's head may be below the cursor. A commit is broadcast a moment before other connections can
 * read it; a table that stays behind longer was restored from a backup.
 */
const REWOUND_AFTER = 2_000

/** Callbacks. None may throw. */
export interface FeedListener {
  message(entry: DeliveredMessage): void
  /** Entries that were just delivered, before the cursor is stored. Includes entries without a message. */
  told(entries: readonly FeedEntry[]): void
  /** A volatile message, which has no `seq`. */
  volatile(message: UserMessage): void
  /** Missed messages cannot be delivered one by one. */
  lost(reason: LostReason): void
  /** A broadcast shows that an earlier message is missing. */
  behind(): void
  error(error: ClientError): void
}

/** A `seq` and its message; null where there is no message to deliver. */
export interface FeedEntry {
  seq: number
  epoch: string
  message: UserMessage | null
  replayed: boolean
  /** Set by the leading tab: whether this tab is the visible one. */
  isVisibleTab?: boolean
}

export type DeliveredMessage = FeedEntry & { message: UserMessage }

export class Feed {
  readonly #options: FeedOptions
  readonly #listener: FeedListener
  readonly #abort = new AbortController()
  readonly #queue: DeliveryQueue<FeedEntry>
  #sequencer: Sequencer<FeedEntry>
  #delivered: Position | null
  #recovered = true
  #catchingUp: Promise<number> | null = null
  #catchUpAgain = false
  #serverInterval = 0
  /** Halved after a page that did not arrive, so that a slow line makes progress. */
  #pageSize: number
  /** Clock time since which the table's head is below the cursor; null while it is not. */
  #rewoundSince: number | null = null
  /** Entries delivered since the cursor was stored. */
  #slice: FeedEntry[] = []

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
      deliver: (entry) => this.#deliver(entry),
      delivered: () => this.#storeCursor(),
    })
  }

  /** Cursor of the last delivered entry; null in a new browser profile until the head has been read. */
  get position(): Position | null {
    return this.#delivered
  }

  /** False once missed messages could not be delivered one by one. */
  get recovered(): boolean {
    return this.#recovered
  }

  close(): void {
    this.#abort.abort()
    this.#queue.close()
  }

  /** Delivers or buffers the messages of a broadcast's payload. */
  receive(payload: unknown): void {
    const durable: FeedEntry[] = []
    for (const parsed of parseBroadcast(payload)) {
      const entry = this.#entryOf(parsed)
      if (entry !== null) durable.push(entry)
      else if (parsed.kind === 'message') {
        // A volatile message keeps its order in the batch, but does not wait for missing messages.
        this.#receiveDurable(durable.splice(0))
        if (this.#abort.signal.aborted) return
        this.#listener.volatile(parsed.message)
      }
    }
    this.#receiveDurable(durable)
  }

  /** Entries that the leading tab has delivered. */
  receiveRelayed(entries: readonly FeedEntry[]): void {
    this.#receiveDurable(entries)
  }

  /**
   * Reads the table until the head is reached and the buffer is empty. A call during a running read extends that read until
   * everything written before the call has been delivered.
   *
   * @returns the clock time at which the reached head was asked for.
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

  /**
   * Compares the cursor with the table's head.
   *
   * @returns null when nothing is missing; the head when messages up to it are missing, whose broadcasts may be under way;
   *   `lost` when they cannot be delivered one by one, or a later message has already arrived.
   */
  async checkHead(): Promise<Position | 'lost' | null> {
    const asked = this.#sequencer.cursor
    const head = await this.#readHead()
    this.#abort.signal.throwIfAborted()
    const { kind } = compare(this.#sequencer, head, asked)
    if (kind === 'even') return null
    return kind === 'lost' || isBehind(this.#sequencer) ? 'lost' : head
  }

  /** Whether everything up to a position has been received. */
  has({ epoch, seq }: Position): boolean {
    const { cursor } = this.#sequencer
    return cursor !== null && cursor.epoch === epoch && cursor.seq >= seq
  }

  /** Milliseconds that the server asks for between two reads of the head, at least. */
  get serverInterval(): number {
    return this.#serverInterval
  }

  async #readHead(): Promise<Head> {
    const head = await this.#options.source.readHead(this.#options.userId, this.#abort.signal)
    this.#serverInterval = head.intervalMs ?? 0
    return head
  }

  async #readToHead(): Promise<number> {
    const { clock } = this.#options
    for (;;) {
      const asOf = clock()
      this.#catchUpAgain = false
      // Messages that overflowed the buffer were committed before this read, so the head includes them.
      this.#sequencer = clearOverflow(this.#sequencer)
      const asked = this.#sequencer.cursor
      const head = await this.#readHead()
      // Messages being delivered come before everything that is read up to this head.
      await this.#queue.idle()
      this.#abort.signal.throwIfAborted()

      if (this.#sequencer.cursor === null) this.#continueFrom({ epoch: head.epoch, seq: head.seq })
      const comparison = compare(this.#sequencer, head, asked)
      const rewound = comparison.kind === 'lost' && comparison.reason === 'rewound'
      this.#rewoundSince = rewound ? (this.#rewoundSince ?? asOf) : null
      if (this.#rewoundSince !== null && asOf - this.#rewoundSince < REWOUND_AFTER)
        throw behindItsBroadcasts()
      if (comparison.kind === 'lost') this.#reportReload(comparison.reason, comparison.from)

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

  #receiveDurable(entries: readonly FeedEntry[]): void {
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
        // Rows below the head were deleted without raising the floor.
        if (this.#cursorSeq === after) this.#reportReload('rows-missing', head)
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

  /** Null for a volatile message, which has no `seq`. */
  #entryOf(parsed: ParsedMessage): FeedEntry | null {
    if (parsed.kind === 'unrecognised') this.#unrecognised(parsed.type, parsed.seq)
    const { seq, epoch } = parsed.kind === 'message' ? parsed.message : parsed
    if (seq === undefined || seq === null || epoch === undefined || epoch === null) return null
    return { seq, epoch, message: parsed.kind === 'message' ? parsed.message : null, replayed: false }
  }

  /** A row of an earlier epoch was delivered under that epoch: its entry has no message. */
  #entryOfRow(row: NotificationRow, epoch: string | null): FeedEntry {
    const parsed = parseMessage(row.payload)
    const entry: FeedEntry = { seq: row.seq, epoch: epoch ?? '', message: null, replayed: true }
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

  #apply(step: Step<FeedEntry>): void {
    this.#sequencer = step.sequencer
    if (step.deliver.length > 0) this.#queue.push(step.deliver)
    if (step.behind) this.#listener.behind()
  }

  #deliver(entry: FeedEntry): void {
    const { epoch, seq, message } = entry
    this.#delivered = { epoch, seq }
    this.#slice.push(entry)
    if (message !== null) this.#listener.message({ ...entry, message })
  }

  #storeCursor(): void {
    this.#listener.told(this.#slice)
    this.#slice = []
    if (this.#delivered !== null) this.#options.cursors.advance(this.#options.userId, this.#delivered)
  }

  #reportReload(reason: LostReason, from: Position): void {
    this.#recovered = false
    this.#rewoundSince = null
    this.#continueFrom(from)
    this.#listener.lost(reason)
  }

  #continueFrom(position: Position): void {
    this.#delivered = position
    this.#options.cursors.reset(this.#options.userId, position)
    this.#apply(moveTo(this.#sequencer, position))
  }
}

function behindItsBroadcasts(): ClientError {
  return new ClientError('history_unavailable', { cause: new Error('the table is behind its broadcasts') })
}
