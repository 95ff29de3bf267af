/** Closes silent sockets and sockets without a channel: one timer for all sockets, once a second. */

import type { RealtimeContext } from './context.ts'

const EVERY_MS = 1_000

/** @returns a function that stops the watch */
export function watchIdleSockets({ sockets }: Pick<RealtimeContext, 'sockets'>): () => void {
  const timer = setInterval(() => {
    const now = performance.now()
    for (const socket of sockets) socket.closeIfIdle(now)
  }, EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
