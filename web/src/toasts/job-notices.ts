/**
 * Decides which messages become toasts, and in which tab: one toast per thread (see `threadOf`) and none for quiet messages, one summary of missed messages, and one toast
 * for a burst of messages. The inbox has the complete record.
 */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import type { Delivery } from '../client/index.ts'
import { threadOf } from '../shared/message-words.ts'
import { burstToast, type JobToastContext, messageToast, summaryToast, toastKey } from './job-toast.ts'
import type { Toaster } from './view.ts'

export interface JobNotices {
  message(message: UserMessage, delivery: Delivery): void
  /** All missed messages have been delivered. */
  caughtUp(): void
  /** The job's notification was read, so its toast is dismissed. */
  settled(jobId: string): void
}

export interface JobNoticesOptions {
  toaster: Toaster
  /** Name and link of the message's subject on this page. */
  contextOf: (message: UserMessage) => JobToastContext
  clock?: () => number
}

/** More replayed messages than this become one toast. */
const TOASTS_ON_RETURN = 3

/** Milliseconds of a burst. Beyond `LARGEST_BURST` new toasts in that time, one toast counts the rest. */
const BURST_WINDOW = 1_000
const LARGEST_BURST = 12

/** Dismissed jobs that are remembered, at most. */
const LARGEST_MEMORY = 1_000

export function createJobNotices(options: JobNoticesOptions): JobNotices {
  const { toaster, contextOf, clock = () => performance.now() } = options
  let replayed: UserMessage[] = []
  let burst = { since: Number.NEGATIVE_INFINITY, count: 0, unshown: 0, failed: 0 }
  /** Threads whose toast a person has dismissed. Progress does not show the toast again; the end of the job does. */
  const dismissed = new Set<string>()

  function show(message: UserMessage): void {
    const thread = threadOf(message)
    const toast = messageToast(message, contextOf(message))
    if (toast === null) return
    const isProgress = message.seq === undefined
    if (isProgress && dismissed.has(thread)) return
    dismissed.delete(thread)
    if (flooded(isProgress)) {
      // During a burst an existing toast is dismissed, and no new toast is shown.
      toaster.dismiss(toast.key)
      if (isProgress) return
      burst.unshown += 1
      if (toast.type === 'error') burst.failed += 1
      toaster.show(burstToast(burst.unshown, burst.failed))
      return
    }
    toaster.show({ ...toast, onDismiss: () => remember(thread) })
  }

  /** Whether this message exceeds the burst. Progress updates a toast and is not counted. */
  function flooded(isProgress: boolean): boolean {
    const now = clock()
    if (now - burst.since >= BURST_WINDOW) burst = { since: now, count: 0, unshown: 0, failed: 0 }
    if (isProgress) return burst.count > LARGEST_BURST
    burst.count += 1
    return burst.count > LARGEST_BURST
  }

  function remember(thread: string): void {
    dismissed.add(thread)
    const [oldest] = dismissed
    if (dismissed.size > LARGEST_MEMORY && oldest !== undefined) dismissed.delete(oldest)
  }

  return {
    message(message, delivery) {
      // Only the visible tab shows a thread's toast. This tab dismisses a toast that it showed before. The user wants a quiet
      // message in the inbox only.
      if (!delivery.foremost || message.quiet) toaster.dismiss(toastKey(threadOf(message)))
      else if (delivery.replayed) replayed.push(message)
      else show(message)
    },
    caughtUp() {
      const latest = new Map(replayed.map((message) => [threadOf(message), message]))
      const summary = latest.size > TOASTS_ON_RETURN ? summaryToast([...latest.values()]) : null
      if (summary !== null) toaster.show(summary)
      else for (const message of latest.values()) show(message)
      replayed = []
    },
    settled: (jobId) => toaster.dismiss(toastKey(jobId)),
  }
}
