/**
 * Realtime over supabase-js: private channels, each shared by all clients of the page that join its topic.
 *
 * The connection's state machine alone decides when to reconnect. A channel that is down has ended; the next join opens a
 * new channel with the token that is valid then.
 */

import type { RealtimeChannel, RealtimeClient } from '@supabase/supabase-js'
import type { Backend } from './backend.ts'
import { ClientError } from './client-error.ts'
import { sendHeartbeat } from './heartbeats.ts'
import type { Subscription, Timers, Transport, TransportHandlers } from './ports.ts'
import { SharedChannel } from './shared-channel.ts'
import { createSupabaseIdentity } from './supabase-identity.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface SupabaseTransportOptions {
  supabase: Pick<Backend, 'realtime' | 'channel' | 'auth'>
  timers: Timers
  /** Milliseconds within which a heartbeat has to be answered. */
  heartbeatTimeout: number
}

/** Shared by all clients that use one supabase-js client. */
interface Socket {
  readonly channels: Map<string, SharedChannel>
  /** All channels opened here, also those that are being left. */
  readonly opened: WeakSet<RealtimeChannel>
  /** Set while the token is being passed to the socket. */
  giving: Promise<void> | null
  /** Resolves when every channel that ended has been left. */
  closing: Promise<void>
}

const sockets = new WeakMap<RealtimeClient, Socket>()

/** Milliseconds for passing the token to the socket, a renewal of the token included. */
const AUTH_TIMEOUT = 10_000

export function createSupabaseTransport(options: SupabaseTransportOptions): Transport {
  const { supabase, timers, heartbeatTimeout } = options
  const { realtime } = supabase
  const identity = createSupabaseIdentity(supabase)
  const socket: Socket = sockets.get(realtime) ?? {
    channels: new Map(),
    opened: new WeakSet(),
    giving: null,
    closing: Promise.resolve(),
  }
  sockets.set(realtime, socket)

  async function authorize(): Promise<void> {
    // Without a session supabase-js would join with the publishable key, which the server refuses.
    if ((await identity.currentUserId()) === null) throw new ClientError('not_signed_in')
  }

  /** One call at a time: of two concurrent calls, supabase-js returns from the first without a token. */
  function giveToken(): Promise<void> {
    socket.giving ??= unlessAborted(AbortSignal.timeout(AUTH_TIMEOUT), realtime.setAuth()).finally(() => {
      socket.giving = null
    })
    return socket.giving
  }

  function open(topic: string, presentAs: string | undefined): SharedChannel {
    const channel = new SharedChannel({
      supabase,
      topic,
      presentAs,
      timers,
      heartbeatTimeout,
      authorize,
      giveToken,
      before: socket.closing,
      onOpen: (opened) => socket.opened.add(opened),
      isLast: () =>
        [...socket.channels.values()].every((other) => other === channel) &&
        realtime.getChannels().every((other) => socket.opened.has(other)),
      onEnd(closing) {
        if (socket.channels.get(topic) === channel) socket.channels.delete(topic)
        socket.closing = socket.closing.then(() => closing)
      },
    })
    socket.channels.set(topic, channel)
    return channel
  }

  return {
    join(topic: string, handlers: TransportHandlers, { presentAs } = {}): Subscription {
      const channel = socket.channels.get(topic) ?? open(topic, presentAs)
      // The same handlers may join twice.
      const member: TransportHandlers = { ...handlers }
      channel.add(member)
      return {
        leave: (next) => channel.remove(member, next),
        ping: () => sendHeartbeat(realtime),
      }
    },
    rest() {
      // phoenix opens its socket again when a page returns from the back/forward cache, also without channels.
      if (socket.channels.size === 0 && realtime.getChannels().length === 0) void realtime.disconnect()
    },
  }
}
