/**
 * Tells of the text while it is being recognised.
 *
 * A service may send many pieces a second. One report is under way at a time; what arrives meanwhile goes with the
 * next. How far it is can only be guessed, from the usual number of characters per second of speech: each report
 * raises the percentage by at least one, which also bounds how many there are.
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
}

export interface LiveText extends AsyncDisposable {
  update(soFar: string): void
}

/** Of speech in most languages written with letters. */
const CHARACTERS_PER_SECOND = 14

export function createLiveText(options: LiveTextOptions): LiveText {
  const { lease, log, from, stage, tell } = options
  let latest = ''
  let told = from
  let closed = false
  let sending: Promise<void> | null = null

  const send = async (): Promise<void> => {
    for (let percent = estimate(latest.length, options); percent > told && !closed; ) {
      told = percent
      const text = latest
      await lease.report(percent, stage, (held) => tell(text, held))
      percent = estimate(latest.length, options)
    }
  }
  return {
    update(soFar) {
      latest = soFar
      if (sending !== null || closed) return
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
      closed = true
      await sending
    },
  }
}

/** Comes near `to` and never reaches it: the text may be longer than guessed. */
export function estimate(
  characters: number,
  { duration, from, to }: Pick<LiveTextOptions, 'duration' | 'from' | 'to'>,
): number {
  const expected = Math.max(1, duration) * CHARACTERS_PER_SECOND
  const ratio = characters / expected
  // Straight for the most part, then bending towards the end.
  const part = ratio < 0.8 ? ratio : 0.8 + 0.2 * (1 - Math.exp((0.8 - ratio) * 5))
  return Math.min(to - 1, Math.floor(from + part * (to - from)))
}
