/** Heartbeats of a Realtime socket: asked for, answered in time, or lost. */

import type { RealtimeClient } from '@supabase/supabase-js'
import type { Timers } from './ports.ts'

export interface HeartbeatHandlers {
  /** Answered after so many milliseconds. */
  alive(latencyMs: number): void
  /** Not answered in time. */
  lost(): void
}

/** @param timeout milliseconds within which a heartbeat has to be answered. @returns the way to stop. */
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
  // phoenix takes a second heartbeat before the answer to the first for a dead connection.
  if (realtime.isConnected() && realtime.pendingHeartbeatRef === null) void realtime.sendHeartbeat()
}

type Listener = (status: string, latencyMs: number | undefined) => void

const listenersOf = new WeakMap<RealtimeClient, Set<Listener>>()

/** supabase-js has room for one heartbeat callback: ours fans out and goes on to the page's own. */
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
