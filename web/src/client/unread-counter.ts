/**
 * How many notifications are unread and unseen, on every device the same.
 *
 * The database counts as of one place in the sequence, when it is asked and whenever something is marked. What comes
 * after that place is unread by nature, and the sequence has no gaps, so the counts here are that base and what has
 * been delivered since.
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
  /** Up to where this tab has been told. */
  position: () => Position | null
  timers: Timers
  /** Asks whoever counts for this tab. @returns false where that is this tab itself. */
  delegate: () => boolean
  /** The database was asked and has answered. */
  counted: () => void
  /** Must not throw. Null while the counts are not known. */
  changed: (counts: UnreadCounts | null) => void
}

/** Milliseconds until the devices have heard of a mark, if they do at all. */
const MARK_HEARD_WITHIN = 1_000

/** Every so many confirmations the counts are asked for: the message that tells of a mark can be lost, too. */
const CONFIRMATIONS_BETWEEN_COUNTS = 4

export class UnreadCounter {
  readonly #options: UnreadCounterOptions
  readonly #abort = new AbortController()
  #base: CountsAsOf | null = null
  #counts: UnreadCounts | null = null
  /** Grows with what is heard: an answer to a question asked before is out of date. */
  #heard = 0
  #asking = false
  #confirmations = 0

  constructor(options: UnreadCounterOptions) {
    this.#options = options
  }

  get counts(): UnreadCounts | null {
    return this.#counts
  }

  /** For other tabs. */
  get base(): CountsAsOf | null {
    return this.#base
  }

  close(): void {
    this.#abort.abort()
  }

  /** Something was delivered. */
  update(): void {
    const counts = countsAt(this.#base, this.#options.position())
    const old = this.#counts
    if (counts?.unreadCount === old?.unreadCount && counts?.unseenCount === old?.unseenCount) return
    this.#counts = counts
    this.#options.changed(counts)
  }

  /** Something was marked. */
  hear({ epoch, headSeq, unreadCount, unseenCount }: NotificationReadMessage): void {
    this.#heard += 1
    this.adopt({ epoch, seq: headSeq, unread: unreadCount, unseen: unseenCount })
  }

  /** What the leading tab knows. */
  adopt(base: CountsAsOf | null): void {
    if (base !== null) this.#base = base
    this.update()
  }

  /** Tells all devices; where nothing is heard of it, the counts are asked for. @returns how many changed. */
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

  /** The head of the table has been reached. @param anew for the first time since something was missed. */
  confirmed(anew: boolean): void {
    this.#confirmations += 1
    if (anew || this.#confirmations >= CONFIRMATIONS_BETWEEN_COUNTS) this.recount()
  }

  recount(): void {
    if (!this.#options.delegate()) void this.#ask()
  }

  /** A failure leaves what was known; there is a next time. */
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

/** Null where base and position do not belong to one numbering. */
export function countsAt(base: CountsAsOf | null, position: Position | null): UnreadCounts | null {
  if (base === null || position === null) return null
  // Before a user's first notification there is no numbering.
  if (base.epoch !== null && position.epoch !== null && base.epoch !== position.epoch) return null
  const since = Math.max(0, position.seq - base.seq)
  return { unreadCount: base.unread + since, unseenCount: base.unseen + since }
}
