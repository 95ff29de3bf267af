/**
 * One private channel of supabase-js, shared by everybody on the page who listens to its topic: supabase-js knows
 * one channel per topic, and a page may have mounted the client twice.
 *
 *   first member ──> opening ──> joined ──> ended    (down, refused, or the last member has left)
 *
 * What happens is told to every member. A channel that has ended is not revived: the next join makes a new one.
 */

import type { RealtimeChannel } from '@supabase/supabase-js'
import type { Backend } from './backend.ts'
import { distinctUserIds, isRefusal, isReplicationReady } from './channel-messages.ts'
import { watchHeartbeats } from './heartbeats.ts'
import type { Timers, TransportHandlers } from './ports.ts'

export interface SharedChannelOptions {
  supabase: Pick<Backend, 'realtime' | 'channel'>
  topic: string
  /** The user who shows that they are there; undefined without presence. */
  presentAs: string | undefined
  timers: Timers
  heartbeatTimeout: number
  /** Resolves when the session's token is valid. Rejects with an AppError. */
  authorize: () => Promise<void>
  /** Gives the socket that token. */
  giveToken: () => Promise<void>
  /** Resolves when channels that ended before have said good-bye. */
  before: Promise<void>
  /** It uses the socket from now on, until it has said good-bye. */
  onOpen: (channel: RealtimeChannel) => void
  /** Nobody else uses the socket, but for channels that are saying good-bye. */
  isLast: () => boolean
  /** Nobody can become a member any more; the channel says good-bye in `closing`. */
  onEnd: (closing: Promise<void>) => void
}

/** Milliseconds to wait for the server's good-bye to a channel. */
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
  /** The server has left something unanswered: the socket is not worth keeping. */
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
    // In a turn of its own: whoever joins learns of it after `join` has returned.
    void Promise.resolve().then(() => {
      if (!this.#members.has(member)) return
      member.joined()
      if (this.#userIds !== null && this.#members.has(member)) member.presence?.(this.#userIds)
      if (this.#flowing && this.#members.has(member)) member.flowing()
    })
  }

  /** @param next what the last member intends: `rejoin` keeps a socket that works. */
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
    // Without this the first private join goes out with the anonymous key and is refused.
    await giveToken()
    if (this.#ended) return
    // phoenix has a reconnect of its own; disconnecting stops its timer and makes `connect()` open a new socket.
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

  #end(farewell: (member: TransportHandlers) => void, next: 'rejoin' | 'end' = 'rejoin'): void {
    if (this.#ended) return
    this.#ended = true
    this.#stopHeartbeats()
    this.#options.onEnd(this.#close(next).catch(() => undefined))
    for (const member of [...this.#members]) if (this.#members.delete(member)) farewell(member)
  }

  async #close(next: 'rejoin' | 'end'): Promise<void> {
    const { isLast, supabase } = this.#options
    const { realtime } = supabase
    // When all who leave in this turn have left.
    await Promise.resolve()
    // A good-bye over a dead socket would only wait for its time-out. And where nothing follows, the socket is closed
    // before the turn is over, and before phoenix has a good-bye to wait for: a page that leaves for the back/forward
    // cache has no other.
    const closing = this.#suspect || (next === 'end' && isLast()) ? realtime.disconnect() : null
    await this.#channel?.unsubscribe(LEAVE_TIMEOUT)
    this.#channel?.teardown()
    await closing
    const keep = next === 'rejoin' && realtime.isConnected()
    if (!keep && realtime.getChannels().length === 0) await realtime.disconnect()
  }
}
