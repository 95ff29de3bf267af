/** Names and numbers of Realtime's protocol (Phoenix 2.0.0) that the embedded server and the drop-in's socket share. */

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

/** Kinds of binary frames. */
export const BINARY_KIND = { push: 0, broadcast: 2, userBroadcastPush: 3, userBroadcast: 4 } as const

/** Encodings of the payload of a binary frame. */
export const ENCODING = { binary: 0, json: 1 } as const
