/** Heartbeats of a supabase-js socket. */

import type { RealtimeClient } from '@supabase/supabase-js'
import type { Timers } from './ports.ts'

export interface HeartbeatHandlers {
  /** A heartbeat was answered. */
  alive(latencyMs: number): void
  /** A heartbeat was not answered in time. */
  lost(): void
}

/** @param timeout milliseconds within which a heartbeat has to be answered. @returns a function that stops watching. */
export function watchHeartbeats(
  realtime: RealtimeClient,
  timers: Timers,
  timeout: number,
  handlers: HeartbeatHandlers,
): () => void {
  let pending: unknown = null
  const settle = (): void => {
    if (pending !== null) timers.clear(pending)
    pending = null
  }
  const stop = listen(realtime, (status, latencyMs) => {
    settle()
    if (status === 'sent') pending = timers.set(() => handlers.lost(), timeout)
    else if (status === 'ok' && latencyMs !== undefined) handlers.alive(latencyMs)
    else if (status === 'timeout') handlers.lost()
  })
  return () => {
    settle()
    stop()
  }
}

export function sendHeartbeat(realtime: RealtimeClient): void {
  // phoenix treats a second heartbeat before the answer to the first as a sign of a dead connection.
  if (realtime.isConnected() && realtime.pendingHeartbeatRef === null) void realtime.sendHeartbeat()
}

type Listener = (status: string, latencyMs: number | undefined) => void

const listenersOf = new WeakMap<RealtimeClient, Set<Listener>>()

/** supabase-js has one heartbeat callback: this one calls all listeners and the page's own callback. */
function listen(realtime: RealtimeClient, listener: Listener): () => void {
  const listeners = listenersOf.get(realtime) ?? new Set()
  if (!listenersOf.has(realtime)) {
    listenersOf.set(realtime, listeners)
    const previous = realtime.heartbeatCallback
    realtime.onHeartbeat((status, latencyMs) => {
      for (const each of [...listeners]) each(status, latencyMs)
      previous(status, latencyMs)
    })
  }
  listeners.add(listener)
  return () => listeners.delete(listener)
}
