/**
 * The numbers of unread and unseen notifications, the same on every device.
 *
 * The database counts as of one `seq`: on request, and whenever notifications are marked. Later notifications are unread,
 * and the sequence has no gaps. So the counts are that base plus the number of notifications delivered since.
 */

import type { NotificationReadMessage } from '../../../functions-shared/message-types.ts'
import type { CountsAsOf, Inbox, Mark, MarkTarget, Timers } from './ports.ts'
import type { Position } from './sequencer.ts'

export interface UnreadCounts {
  unreadCount: number
  unseenCount: number
}

export interface UnreadCounterOptions {
  userId: string
  inbox: Inbox
  /** This tab's cursor. */
  position: () => Position | null
  timers: Timers
  /** Asks the leading tab to count. @returns false in the leading tab. */
  delegate: () => boolean
  /** The database has answered with new counts. */
  counted: () => void
  /** Must not throw. Null while the counts are not known. */
  changed: (counts: UnreadCounts | null) => void
}

/** Milliseconds within which `notification_read` is heard after a mark. */
const MARK_HEARD_WITHIN = 1_000

/** Head checks between two reads of the counts: the volatile message `notification_read` can be lost. */
const CONFIRMATIONS_BETWEEN_COUNTS = 4

export class UnreadCounter {
  readonly #options: UnreadCounterOptions
  readonly #abort = new AbortController()
  #base: CountsAsOf | null = null
  #counts: UnreadCounts | null = null
  /** Number of `notification_read` heard: counts that were requested before the last one are out of date. */
  #heard = 0
  #asking = false
  #confirmations = 0

  constructor(options: UnreadCounterOptions) {
    this.#options = options
  }

  get counts(): UnreadCounts | null {
    return this.#counts
  }

  /** The database's counts, for other tabs. */
  get base(): CountsAsOf | null {
    return this.#base
  }

  close(): void {
    this.#abort.abort()
  }

  /** Notifications were delivered. */
  update(): void {
    const counts = countsAt(this.#base, this.#options.position())
    const old = this.#counts
    if (counts?.unreadCount === old?.unreadCount && counts?.unseenCount === old?.unseenCount) return
    this.#counts = counts
    this.#options.changed(counts)
  }

  /** Notifications were marked, on any device. */
  hear({ epoch, headSeq, unreadCount, unseenCount }: NotificationReadMessage): void {
    this.#heard += 1
    this.adopt({ epoch, seq: headSeq, unread: unreadCount, unseen: unseenCount })
  }

  /** New counts of the database, read by the leading tab. */
  adopt(base: CountsAsOf | null): void {
    if (base !== null) this.#base = base
    this.update()
  }

  /** Marks on all devices. Without a `notification_read` within 1 s the counts are read. @returns the number that changed. */
  async mark(target: MarkTarget, mark: Mark): Promise<number> {
    const { inbox, timers, userId } = this.#options
    const heard = this.#heard
    const changed = await inbox.mark(userId, target, mark)
    if (changed > 0) {
      timers.set(() => {
        if (heard === this.#heard && !this.#abort.signal.aborted) this.recount()
      }, MARK_HEARD_WITHIN)
    }
    return changed
  }

  /** The table's head has been reached. @param anew for the first time since messages were missed. */
  confirmed(anew: boolean): void {
    this.#confirmations += 1
    if (anew || this.#confirmations >= CONFIRMATIONS_BETWEEN_COUNTS) this.recount()
  }

  recount(): void {
    if (!this.#options.delegate()) void this.#ask()
  }

  /** After a failure the old counts stay until the next read. */
  async #ask(): Promise<void> {
    this.#confirmations = 0
    if (this.#asking) return
    this.#asking = true
    const { inbox, userId } = this.#options
    try {
      for (;;) {
        const heard = this.#heard
        const base = await inbox.counts(userId, this.#abort.signal)
        this.#abort.signal.throwIfAborted()
        if (heard !== this.#heard) continue
        this.adopt(base)
        this.#options.counted()
        return
      }
    } catch {
      // Asked again after some confirmations, and when something is marked.
    } finally {
      this.#asking = false
    }
  }
}

/** Null when base and cursor have different epochs. */
export function countsAt(base: CountsAsOf | null, position: Position | null): UnreadCounts | null {
  if (base === null || position === null) return null
  // Before a user's first notification the epoch is null.
  if (base.epoch !== null && position.epoch !== null && base.epoch !== position.epoch) return null
  const since = Math.max(0, position.seq - base.seq)
  return { unreadCount: base.unread + since, unseenCount: base.unseen + since }
}
