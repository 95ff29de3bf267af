/**
 * Which messages become toasts, and in which tab: one per job, one for everything that was missed, and one for a
 * flood. They are no record; the inbox is.
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { Delivery } from '../client/index.ts'
import { burstToast, type JobToastContext, jobToast, jobToastKey, summaryToast } from './job-toast.ts'
import type { Toaster } from './view.ts'

export interface JobNotices {
  message(message: JobMessage, delivery: Delivery): void
  /** Everything that was missed has been delivered. */
  caughtUp(): void
  /** Somebody has dealt with what the job's toast says. */
  settled(jobId: string): void
}

export interface JobNoticesOptions {
  toaster: Toaster
  /** What the page knows of the thing that the message is about. */
  contextOf: (message: JobMessage) => JobToastContext
  clock?: () => number
}

/** More replayed messages than this become one toast. */
const TOASTS_ON_RETURN = 3

/** New toasts within so many milliseconds, beyond which one speaks for the rest. */
const BURST_WINDOW = 1_000
const LARGEST_BURST = 12

/** Dismissed jobs that are remembered. */
const LARGEST_MEMORY = 1_000

export function createJobNotices(options: JobNoticesOptions): JobNotices {
  const { toaster, contextOf, clock = () => performance.now() } = options
  let replayed: JobMessage[] = []
  let burst = { since: Number.NEGATIVE_INFINITY, count: 0, unshown: 0, failed: 0 }
  /** Jobs whose toast a person has dismissed: not to come back with the next percent, only with the end. */
  const dismissed = new Set<string>()

  function show(message: JobMessage): void {
    const { jobId } = message
    const toast = jobToast(message, contextOf(message))
    if (toast === null) return
    const isProgress = message.seq === undefined
    if (isProgress && dismissed.has(jobId)) return
    dismissed.delete(jobId)
    if (flooded(isProgress)) {
      // What has a toast already ends it; nothing that is new gets one.
      toaster.dismiss(toast.key)
      if (isProgress) return
      burst.unshown += 1
      if (toast.type === 'error') burst.failed += 1
      toaster.show(burstToast(burst.unshown, burst.failed))
      return
    }
    toaster.show({ ...toast, onDismiss: () => remember(jobId) })
  }

  /** Progress changes a toast that is there, and is no news. */
  function flooded(isProgress: boolean): boolean {
    const now = clock()
    if (now - burst.since >= BURST_WINDOW) burst = { since: now, count: 0, unshown: 0, failed: 0 }
    if (isProgress) return burst.count > LARGEST_BURST
    burst.count += 1
    return burst.count > LARGEST_BURST
  }

  function remember(jobId: string): void {
    dismissed.add(jobId)
    const [oldest] = dismissed
    if (dismissed.size > LARGEST_MEMORY && oldest !== undefined) dismissed.delete(oldest)
  }

  return {
    message(message, delivery) {
      // One toast in the browser, in the tab that people look at; what another tab began to show moves there.
      if (!delivery.foremost) toaster.dismiss(jobToastKey(message.jobId))
      else if (delivery.replayed) replayed.push(message)
      else show(message)
    },
    caughtUp() {
      const latest = new Map(replayed.map((message) => [message.jobId, message]))
      const summary = latest.size > TOASTS_ON_RETURN ? summaryToast([...latest.values()]) : null
      if (summary !== null) toaster.show(summary)
      else for (const message of latest.values()) show(message)
      replayed = []
    },
    settled: (jobId) => toaster.dismiss(jobToastKey(jobId)),
  }
}
