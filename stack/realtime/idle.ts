/** Ends sockets that say nothing, or that have been without a channel for long: one look at all of them a second. */

import type { RealtimeContext } from './context.ts'

const EVERY_MS = 1_000

/** @returns stops it. */
export function watchIdleSockets({ sockets }: Pick<RealtimeContext, 'sockets'>): () => void {
  const timer = setInterval(() => {
    const now = performance.now()
    for (const socket of sockets) socket.closeIfIdle(now)
  }, EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
