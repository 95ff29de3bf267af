/** Every string and number of the wire, as Supabase Realtime 2.129 sends them. */

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

/** Reasons of refused joins: the reply's `response.reason`. */
export const JOIN_REFUSAL = {
  unmatchedTopic: 'unmatched topic',
  topicNameRequired: 'TopicNameRequired: You must provide a topic name',
  privateOnly: 'PrivateOnly: This project only allows private channels',
  tooManyUsers: 'ConnectionRateLimitReached: Too many connected users',
  tooManyChannels: 'ChannelRateLimitReached: Too many channels',
  tooManyJoins: 'ClientJoinRateLimitReached: Too many joins per second',
  replayPublic: 'UnableToReplayMessages: Replay is not allowed for public channels',
  replayParams: 'UnableToReplayMessages: Replay params are not valid',
  replayFailed: 'UnableToReplayMessages: Realtime was unable to replay messages',
  databaseUnavailable: 'UnableToConnectToProject: Realtime was unable to connect to the project database',
  queryCanceled: 'QueryCanceled: Query was cancelled, please try again',
  restarting: 'RealtimeRestarting: Realtime is restarting, please standby',
  badConfig: 'UnknownErrorOnChannel: no function clause matching in Access.get/3',
  unknown: 'Unknown Error on Channel',
} as const

/** Texts of `system` messages; an error is followed by `phx_close`. */
export const SYSTEM_MESSAGE = {
  replicationReady: 'Replication connection established',
  replicationLate: 'Replication connection was not established in time',
  tooManyMessages: 'Too many messages per second',
  tooManyPresenceMessages: 'Too many presence messages per second',
  clientPresenceLimit: 'Client presence rate limit exceeded',
  trackTooLarge: 'Track message size exceeded',
  disconnectRequested: 'Server requested disconnect',
  subscribed: 'Subscribed to PostgreSQL',
  databaseUnavailable: 'Realtime was unable to connect to the project database',
  queryCanceled: 'Query was cancelled, please try again',
} as const

/** Refusals of an upgrade; the body is `{"error": message}`. */
export const CONNECT_REFUSAL = {
  keyMissing: { status: 401, message: 'API key is missing' },
  tooManyUsers: { status: 429, message: 'Too many connected users' },
  tooManyJoins: { status: 429, message: 'Too many joins per second' },
  suspended: { status: 403, message: 'Realtime was disabled for this tenant' },
  unknown: { status: 500, message: 'Error connecting to Realtime' },
} as const

/** WebSocket close codes. */
export const CLOSE = {
  /** Nothing was heard from the client for the idle time. */
  idle: 1000,
  /** Too many joins. */
  goingAway: 1001,
  /** The server asks everyone to come back, e.g. before it stops. */
  restart: 1012,
  /** The client does not read what it is sent. */
  slowConsumer: 1008,
} as const

/** Reason of a `phx_error`. */
export const CHANNEL_CRASH = 'channel_crash'

export const SLOW_CONSUMER_REASON = 'The client reads too slowly'

/** Kinds of binary frames of protocol 2.0.0. */
export const BINARY_KIND = { push: 0, broadcast: 2, userBroadcastPush: 3, userBroadcast: 4 } as const

export const ENCODING = { binary: 0, json: 1 } as const

export function unauthorizedToRead(topic: string): string {
  return `You do not have permissions to read from this Channel topic: ${topic}`
}
