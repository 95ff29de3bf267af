/** Starts work at an even rate, independent of how long each call takes. */

import { setTimeout as delay } from 'node:timers/promises'

/**
 * Begins `count` pieces, `perSecond` of them a second; one that is late does not wait for its turn.
 * @returns when all have ended.
 */
export async function atRate(
  count: number,
  perSecond: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  const begun: Promise<void>[] = []
  const start = performance.now()
  for (let n = 0; n < count; n += 1) {
    const early = start + (n * 1_000) / perSecond - performance.now()
    if (early > 0) await delay(early)
    begun.push(work(n))
  }
  await Promise.all(begun)
}
