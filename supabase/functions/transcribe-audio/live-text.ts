/**
 * Tells of the text while it is being recognised.
 *
 * A service may send many pieces a second. The first is told at once, then one report at a time and so many a second;
 * what arrives meanwhile goes with the next, each of which has all of the text so far. How far it is can only be
 * guessed, from the usual number of characters per second of speech.
 */

import { isLoss, type Lease } from '../_shared/lease.ts'
import type { Log } from '../_shared/log.ts'

export interface LiveTextOptions {
  lease: Lease
  log: Log
  /** Seconds of audio. */
  duration: number
  /** Percent at the beginning and towards the end of the recognition. */
  from: number
  to: number
  stage: string
  tell: (text: string, percent: number) => Promise<void>
  /** Waits between two reports, until the signal at most. Default: {@link INTERVAL_MS}. */
  pause?: (signal: AbortSignal) => Promise<void>
}

export interface LiveText extends AsyncDisposable {
  update(soFar: string): void
}

/** Of speech in most languages written with letters. */
const CHARACTERS_PER_SECOND = 14
/** Fast enough to read along, and few enough rows written for hours of speech. */
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
  const { lease, log, stage, tell, pause = PAUSE } = options
  let latest = ''
  let told = ''
  const closed = new AbortController()
  let sending: Promise<void> | null = null

  const send = async (): Promise<void> => {
    while (latest !== told && !closed.signal.aborted) {
      told = latest
      const text = latest
      await lease.report(estimate(text.length, options), stage, (percent) => tell(text, percent))
      if (!closed.signal.aborted) await pause(closed.signal)
    }
  }
  return {
    update(soFar) {
      latest = soFar
      if (sending !== null || closed.signal.aborted) return
      sending = send()
        // Progress is for people: the recognition does not wait for it, and a lost lease ends it by its signal.
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

/** Comes nearer to `to` the more there is, and never reaches it: there may always be more. */
export function estimate(
  characters: number,
  { duration, from, to }: Pick<LiveTextOptions, 'duration' | 'from' | 'to'>,
): number {
  const usual = Math.max(1, duration) * CHARACTERS_PER_SECOND
  // Three quarters when as much is there as is usual.
  const part = 1 - 0.25 ** (characters / usual)
  return Math.min(to - 1, Math.floor(from + part * (to - from)))
}
