/**
 * Reports the text while it is being recognised.
 *
 * A service may send many pieces a second. The first is reported at once. Then there is one report at a time, with a
 * pause between two; each has the whole text so far. The percentage is an estimate from the usual number of characters
 * per second of speech.
 */

import { isLoss, type Lease } from '../_shared/lease.ts'
import type { Log } from '../_shared/log.ts'

export interface LiveTextOptions {
  lease: Lease
  log: Log
  /** Seconds of audio. */
  duration: number
  /** Percent at the beginning and at the end of the recognition. */
  from: number
  to: number
  stage: string
  write: (text: string, percent: number) => Promise<void>
  /** Waits between two reports; the signal ends the wait. Default: {@link INTERVAL_MS}. */
  pause?: (signal: AbortSignal) => Promise<void>
}

export interface LiveText extends AsyncDisposable {
  update(soFar: string): void
}

/** Characters of speech in a second, in most languages that are written with letters. */
const CHARACTERS_PER_SECOND = 14
/** Milliseconds between two reports: short enough to read along, long enough to keep writes of a long recording few. */
const INTERVAL_MS = 300

const PAUSE = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(end, INTERVAL_MS)
    signal.addEventListener('abort', end, { once: true })
  })

export function createLiveText(options: LiveTextOptions): LiveText {
  const { lease, log, stage, write, pause = PAUSE } = options
  let latest = ''
  let reported = ''
  const closed = new AbortController()
  let sending: Promise<void> | null = null

  const send = async (): Promise<void> => {
    while (latest !== reported && !closed.signal.aborted) {
      reported = latest
      const text = latest
      await lease.report(estimate(text.length, options), stage, (percent) => write(text, percent))
      if (!closed.signal.aborted) await pause(closed.signal)
    }
  }
  return {
    update(soFar) {
      latest = soFar
      if (sending !== null || closed.signal.aborted) return
      sending = send()
        // The recognition does not wait for the report. A lost lease ends it by its signal.
        .catch((error: unknown) => {
          if (!isLoss(error)) log.error('progress_failed', error)
        })
        .finally(() => {
          sending = null
        })
    },
    async [Symbol.asyncDispose]() {
      closed.abort()
      await sending
    },
  }
}

/** Percent for a text of so many characters: grows with the text, and stays below `to`, because more may follow. */
export function estimate(
  characters: number,
  { duration, from, to }: Pick<LiveTextOptions, 'duration' | 'from' | 'to'>,
): number {
  const usual = Math.max(1, duration) * CHARACTERS_PER_SECOND
  // Three quarters of the way at the usual number of characters.
  const part = 1 - 0.25 ** (characters / usual)
  return Math.min(to - 1, Math.floor(from + part * (to - from)))
}
