/** Names and numbers of the wire, as Supabase Realtime 2.129 uses them. Texts for clients are in `errors.ts`. */

/** Channels are joined as `realtime:<topic>`. */
export const TOPIC_PREFIX = 'realtime:'

/** Topic of heartbeats; never a channel. */
export const PHOENIX_TOPIC = 'phoenix'

export const EVENT = {
  join: 'phx_join',
  leave: 'phx_leave',
  reply: 'phx_reply',
  close: 'phx_close',
  error: 'phx_error',
  heartbeat: 'heartbeat',
  accessToken: 'access_token',
  broadcast: 'broadcast',
  presence: 'presence',
  presenceState: 'presence_state',
  presenceDiff: 'presence_diff',
  postgresChanges: 'postgres_changes',
  system: 'system',
} as const

/** WebSocket close codes. */
export const CLOSE = {
  /** The client sent nothing for the idle time. */
  idle: 1000,
  /** Too many joins. */
  goingAway: 1001,
  /** The client does not read what the server sends. */
  slowConsumer: 1008,
  /** The server asks its clients to reconnect, e.g. before it stops. */
  restart: 1012,
} as const

/** Kinds of binary frames of protocol 2.0.0. */
export const BINARY_KIND = { push: 0, broadcast: 2, userBroadcastPush: 3, userBroadcast: 4 } as const

export const ENCODING = { binary: 0, json: 1 } as const
