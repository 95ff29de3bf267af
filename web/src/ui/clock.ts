/** The time, for relative times such as `3 min. ago`. */

import { signal } from '@preact/signals'

/** Milliseconds between two changes of the signal. */
const TICK = 10_000

let ticker: ReturnType<typeof setInterval> | undefined

/** Milliseconds since 1970, at most 10 s old while a component reads it. */
export const now = signal(Date.now(), {
  watched() {
    const tell = (): void => {
      now.value = Date.now()
    }
    ticker = setInterval(tell, TICK)
    tell()
  },
  unwatched() {
    clearInterval(ticker)
  },
})
