/** Which messages become toasts, and in which tab: one per job, and one for everything that was missed. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { Delivery } from '../client/index.ts'
import type { Toaster } from '../toasts/index.ts'
import { jobToast, summaryToast } from './job-toasts.ts'

export interface JobNotices {
  message(message: JobMessage, delivery: Delivery): void
  /** Everything that was missed has been delivered. */
  caughtUp(): void
  /** Somebody has dealt with what the job's toast says. */
  settled(jobId: string): void
}

/** More replayed messages than this become one toast. */
const TOASTS_ON_RETURN = 3

/** @param subjectOf how people know what a message is about; null where that is not known. */
export function createJobNotices(
  toaster: Toaster,
  subjectOf: (message: JobMessage) => string | null,
): JobNotices {
  let replayed: JobMessage[] = []

  function show(message: JobMessage): void {
    const shown = jobToast(message, subjectOf(message))
    if (shown !== null) toaster.show(shown)
  }

  return {
    message(message, delivery) {
      // One toast in the browser, in the tab that people look at; what another tab began to show moves there.
      if (!delivery.foremost) toaster.dismiss(`job:${message.jobId}`)
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
    settled: (jobId) => toaster.dismiss(`job:${jobId}`),
  }
}
