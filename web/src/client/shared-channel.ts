/**
 * One private channel of supabase-js, shared by all clients of the page that join its topic: supabase-js allows one
 * channel per topic, and a page may have mounted the client twice.
 *
 *   first member ──> opening ──> joined ──> ended    (down, refused, or the last member has left)
 *
 * Every member hears every event. A channel that has ended is not reused: the next join opens a new channel.
 */

import type { RealtimeChannel } from '@supabase/supabase-js'
import type { Backend } from './backend.ts'
import { distinctUserIds, isRefusal, isReplicationReady } from './channel-messages.ts'
import { watchHeartbeats } from './heartbeats.ts'
import type { Timers, TransportHandlers } from './ports.ts'

export interface SharedChannelOptions {
  supabase: Pick<Backend, 'realtime' | 'channel'>
  topic: string
  /** User id for the topic's presence; undefined without presence. */
  presentAs: string | undefined
  timers: Timers
  heartbeatTimeout: number
  /** Resolves when the session's token is valid. Rejects with an AppError. */
  authorize: () => Promise<void>
  /** Passes the token to the socket. */
  giveToken: () => Promise<void>
  /** Resolves when the channels that ended before have been left. */
  before: Promise<void>
  /** Called when the channel begins to use the socket. */
  onOpen: (channel: RealtimeChannel) => void
  /** Whether all other channels on the socket are being left. */
  isLast: () => boolean
  /** The channel has ended. `closing` resolves when the server has answered its leave. */
  onEnd: (closing: Promise<void>) => void
}

/** Milliseconds to wait for the server's answer to a leave. */
const LEAVE_TIMEOUT = 2_000

export class SharedChannel {
  readonly #options: SharedChannelOptions
  readonly #members = new Set<TransportHandlers>()
  readonly #stopHeartbeats: () => void
  #channel: RealtimeChannel | null = null
  #joined = false
  #userIds: string[] | null = null
  #flowing = false
  #ended = false
  /** The server did not answer a heartbeat or a join: the socket is to be closed. */
  #suspect = false

  constructor(options: SharedChannelOptions) {
    this.#options = options
    const { realtime } = options.supabase
    this.#stopHeartbeats = watchHeartbeats(realtime, options.timers, options.heartbeatTimeout, {
      alive: (latencyMs) => this.#tell((member) => member.alive(latencyMs)),
      lost: () => {
        this.#suspect = true
        this.#end((member) => member.down('heartbeat-timeout'))
      },
    })
    this.#open().catch((cause: unknown) => this.#end((member) => member.down('socket', cause)))
  }

  add(member: TransportHandlers): void {
    this.#members.add(member)
    if (!this.#joined) return
    // In a later turn, so that no handler is called before `join` has returned.
    void Promise.resolve().then(() => {
      if (!this.#members.has(member)) return
      member.joined()
      if (this.#userIds !== null && this.#members.has(member)) member.presence?.(this.#userIds)
      if (this.#flowing && this.#members.has(member)) member.flowing()
    })
  }

  /** @param next intention of the last member: `rejoin` keeps a working socket open. */
  remove(member: TransportHandlers, next: 'rejoin' | 'end'): void {
    if (!this.#members.delete(member)) return
    if (this.#members.size === 0) this.#end(() => undefined, next)
  }

  async #open(): Promise<void> {
    const { supabase, topic, before, authorize, giveToken } = this.#options
    const { realtime } = supabase
    await before
    try {
      await authorize()
    } catch (cause) {
      this.#end((member) => member.down('session', cause))
      return
    }
    // Without this the first private join is sent with the publishable key and refused.
    await giveToken()
    if (this.#ended) return
    // phoenix reconnects by itself. `disconnect()` stops that timer, so that `connect()` opens a new socket.
    if (!realtime.isConnected() && !realtime.isConnecting()) await realtime.disconnect()
    if (this.#ended) return
    if (realtime.getChannels().some((other) => other.subTopic === topic)) {
      this.#end((member) => member.refused('topic_in_use'))
      return
    }
    const { presentAs } = this.#options
    const channel = supabase.channel(topic, {
      config: {
        private: true,
        broadcast: { self: false, ack: false, replication_ready: true },
        presence: { enabled: presentAs !== undefined },
      },
    })
    this.#channel = channel
    this.#options.onOpen(channel)
    channel.on('broadcast', { event: '*' }, ({ event, payload }) =>
      this.#tell((member) => member.message(payload, event)),
    )
    if (presentAs !== undefined) {
      channel.on('presence', { event: 'sync' }, () => {
        const userIds = distinctUserIds(Object.values(channel.presenceState()).flat())
        this.#userIds = userIds
        this.#tell((member) => member.presence?.(userIds))
      })
    }
    channel.on('system', {}, (payload: unknown) => {
      if (!isReplicationReady(payload)) return
      this.#flowing = true
      this.#tell((member) => member.flowing())
    })
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') {
        this.#joined = true
        if (presentAs !== undefined) void channel.track({ userId: presentAs })
        this.#tell((member) => member.joined())
      } else if (status === 'TIMED_OUT') {
        this.#suspect = true
        this.#end((member) => member.down('join-timeout'))
      } else if (status === 'CLOSED') this.#end((member) => member.down('channel-closed'))
      else if (error !== undefined && isRefusal(error.message))
        this.#end((member) => member.refused('join_refused', error))
      else this.#end((member) => member.down('socket', error))
    })
  }

  #tell(what: (member: TransportHandlers) => void): void {
    if (this.#ended) return
    for (const member of [...this.#members]) if (this.#members.has(member)) what(member)
  }

  #end(notifyEnd: (member: TransportHandlers) => void, next: 'rejoin' | 'end' = 'rejoin'): void {
    if (this.#ended) return
    this.#ended = true
    this.#stopHeartbeats()
    this.#options.onEnd(this.#close(next).catch(() => undefined))
    for (const member of [...this.#members]) if (this.#members.delete(member)) notifyEnd(member)
  }

  async #close(next: 'rejoin' | 'end'): Promise<void> {
    const { isLast, supabase } = this.#options
    const { realtime } = supabase
    // Wait for all members that leave in this turn.
    await Promise.resolve()
    // On a dead socket a leave would wait for its time-out. When no join follows, the socket is closed in this turn and
    // without a leave, because a page that enters the back/forward cache gets no later turn.
    const closing = this.#suspect || (next === 'end' && isLast()) ? realtime.disconnect() : null
    await this.#channel?.unsubscribe(LEAVE_TIMEOUT)
    this.#channel?.teardown()
    await closing
    const keep = next === 'rejoin' && realtime.isConnected()
    if (!keep && realtime.getChannels().length === 0) await realtime.disconnect()
  }
}
