/** The live log: which messages arrived, when and how fast, and when the connection changed. */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import type { ClientState, Delivery, StateEvent } from '../client/index.ts'
import { BaseStore } from '../shared/base-store.ts'
import { threadOf } from '../shared/message-words.ts'

export interface ConnectionChange {
  state: 'live' | 'offline' | 'error'
  /** The last message received. */
  lastSeq: number
  /** Why the connection was lost or refused. */
  reason: ClientState['reason']
}

export interface LogEntry {
  key: string
  /** ISO 8601. */
  at: string
  /** The message, the newest where several are counted by one line; null for a change of the connection. */
  message: UserMessage | null
  connection: ConnectionChange | null
  /** Milliseconds from the change in the database to this page; null for a message that waited. */
  delayMs: number | null
  /** Messages counted by this line. */
  count: number
}

export interface ActivityState {
  /** Newest first. */
  entries: readonly LogEntry[]
}

const LIMIT = 100

/** A longer delay means that clocks differ or that the message waited. Milliseconds. */
const LARGEST_DELAY = 10_000

export class ActivityLog extends BaseStore<ActivityState> {
  #lastKey = 0
  /** Thread -> key of the one line that counts its progress messages. */
  readonly #progressLines = new Map<string, string>()

  constructor() {
    super({ entries: [] })
  }

  message(message: UserMessage, delivery: Delivery, now: number): void {
    const { seq, timestamp } = message
    const thread = threadOf(message)
    const delay = now - Date.parse(timestamp)
    const delayMs = delivery.replayed || !(delay <= LARGEST_DELAY) ? null : Math.max(0, delay)
    const line = { at: timestamp, message, connection: null, delayMs }
    if (seq !== undefined) {
      this.#progressLines.delete(thread)
      this.#add(line)
      return
    }
    const key = this.#progressLines.get(thread)
    const { entries } = this.state
    if (key === undefined || !entries.some((entry) => entry.key === key)) {
      this.#progressLines.set(thread, this.#add(line))
      return
    }
    this.change({
      entries: entries.map((entry) =>
        entry.key === key ? { ...entry, ...line, count: entry.count + 1 } : entry,
      ),
    })
  }

  connection({ new: state }: StateEvent, client: ClientState, now: number): void {
    if (state !== 'live' && state !== 'offline' && state !== 'error') return
    // A lost connection gets one line, not one for each attempt to reconnect.
    if (state !== 'live' && client.reconnectAttempts > 1) return
    this.#add({
      at: new Date(now).toISOString(),
      message: null,
      connection: { state, lastSeq: client.lastSeq, reason: client.reason },
      delayMs: null,
    })
  }

  #add(line: Omit<LogEntry, 'key' | 'count'>): string {
    this.#lastKey += 1
    const key = String(this.#lastKey)
    this.change({ entries: [{ ...line, key, count: 1 }, ...this.state.entries].slice(0, LIMIT) })
    return key
  }
}
