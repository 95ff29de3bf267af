/**
 * The fast path on supabase-js: one private channel.
 *
 * Reconnecting is decided by the connection state alone. phoenix has a reconnect of its own (fixed steps, not
 * while the page is hidden), so a socket that is down is always disconnected before the next attempt, which
 * stops that timer and also makes `connect()` open a new one.
 */

import type { RealtimeChannel, RealtimeClient, SupabaseClient } from '@supabase/supabase-js'
import type { Subscription, Timers, Transport, TransportHandlers } from './ports.ts'

export interface SupabaseTransportOptions {
  supabase: Pick<SupabaseClient, 'realtime' | 'channel'>
  timers: Timers
  /** Milliseconds within which a heartbeat has to be answered. */
  heartbeatTimeout: number
}

/** Milliseconds to wait for the server's good-bye to a channel. */
const LEAVE_TIMEOUT = 2_000

/** Refusals that a new attempt with the same user will not cure by itself. */
const REFUSED = /^(Unauthorized|PrivateOnly|MalformedJWT|JwtSignatureError)\b/

export function createSupabaseTransport(options: SupabaseTransportOptions): Transport {
  const { supabase, timers, heartbeatTimeout } = options
  const { realtime } = supabase
  let leaving: Promise<unknown> = Promise.resolve()

  return {
    join(topic, handlers): Subscription {
      let channel: RealtimeChannel | null = null
      let left = false
      let pending: unknown = null
      /** The server has left something unanswered: the socket is not worth keeping. */
      let suspect = false

      const report: TransportHandlers = {
        joined: () => left || handlers.joined(),
        flowing: () => left || handlers.flowing(),
        message: (payload) => left || handlers.message(payload),
        alive: (latencyMs) => left || handlers.alive(latencyMs),
        down: (reason, cause) => left || handlers.down(reason, cause),
        refused: (code, cause) => left || handlers.refused(code, cause),
      }

      const stopHeartbeats = listenToHeartbeats(realtime, (status, latencyMs) => {
        if (pending !== null) timers.clear(pending)
        pending = null
        if (status === 'sent') {
          pending = timers.set(heartbeatLost, heartbeatTimeout)
        } else if (status === 'ok' && latencyMs !== undefined) {
          report.alive(latencyMs)
        } else if (status === 'timeout') {
          heartbeatLost()
        }
      })

      function heartbeatLost(): void {
        suspect = true
        report.down('heartbeat-timeout')
      }

      function joinTimedOut(): void {
        suspect = true
        report.down('join-timeout')
      }

      async function begin(): Promise<void> {
        await leaving
        // Without this the first private join goes out with the anonymous key and is refused.
        await realtime.setAuth()
        if (left) return
        if (!realtime.isConnected() && !realtime.isConnecting()) await realtime.disconnect()
        if (left) return
        if (realtime.getChannels().some((other) => other.subTopic === topic)) {
          report.refused('topic_in_use')
          return
        }
        channel = supabase.channel(topic, {
          config: { private: true, broadcast: { self: false, ack: false, replication_ready: true } },
        })
        channel.on('broadcast', { event: '*' }, ({ payload }) => report.message(payload))
        channel.on('system', {}, (payload: unknown) => {
          if (isReplicationReady(payload)) report.flowing()
        })
        channel.subscribe((status, error) => {
          if (status === 'SUBSCRIBED') report.joined()
          else if (status === 'TIMED_OUT') joinTimedOut()
          else if (status === 'CLOSED') report.down('channel-closed')
          else if (error !== undefined && REFUSED.test(error.message)) report.refused('join_refused', error)
          else report.down('socket', error)
        })
      }

      async function end(next: 'rejoin' | 'end'): Promise<void> {
        // A good-bye over a dead socket would only wait for its time-out.
        if (suspect) await realtime.disconnect()
        await channel?.unsubscribe(LEAVE_TIMEOUT)
        channel?.teardown()
        const keep = next === 'rejoin' && realtime.isConnected()
        if (!keep && realtime.getChannels().length === 0) await realtime.disconnect()
      }

      begin().catch((cause: unknown) => report.down('socket', cause))

      return {
        leave(next) {
          if (left) return
          left = true
          if (pending !== null) timers.clear(pending)
          stopHeartbeats()
          leaving = leaving.then(() => end(next)).catch(() => undefined)
        },
        ping() {
          // phoenix takes a second heartbeat before the answer to the first for a dead connection.
          if (realtime.isConnected() && realtime.pendingHeartbeatRef === null) void realtime.sendHeartbeat()
        },
      }
    },
  }
}

function isReplicationReady(payload: unknown): boolean {
  return (
    typeof payload === 'object' &&
    payload !== null &&
    'extension' in payload &&
    payload.extension === 'system' &&
    'status' in payload &&
    payload.status === 'ok'
  )
}

type HeartbeatListener = (status: string, latencyMs: number | undefined) => void

const heartbeatListeners = new WeakMap<RealtimeClient, Set<HeartbeatListener>>()

/** supabase-js has room for one heartbeat callback: ours fans out and goes on to the page's own. */
function listenToHeartbeats(realtime: RealtimeClient, listener: HeartbeatListener): () => void {
  const listeners = heartbeatListeners.get(realtime) ?? new Set()
  if (!heartbeatListeners.has(realtime)) {
    heartbeatListeners.set(realtime, listeners)
    const previous = realtime.heartbeatCallback
    realtime.onHeartbeat((status, latencyMs) => {
      for (const each of [...listeners]) each(status, latencyMs)
      previous(status, latencyMs)
    })
  }
  listeners.add(listener)
  return () => listeners.delete(listener)
}
