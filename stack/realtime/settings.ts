/** Everything that can be tuned, with the defaults of hosted Supabase where it has them. */

export interface RealtimeSettings {
  /** Sockets with at least one channel. */
  maxConcurrentUsers: number
  maxChannelsPerClient: number
  /** Average over the last minute at most; broadcasts above it are dropped and channels closed. */
  maxEventsPerSecond: number
  maxJoinsPerSecond: number
  maxPresenceEventsPerSecond: number
  /** Of one broadcast or presence payload, in units of 1000 bytes. */
  maxPayloadKb: number
  /** Presence calls of one channel of one socket in {@link clientPresenceWindowMs}. */
  clientPresenceMaxCalls: number
  clientPresenceWindowMs: number
  /** Presence on every channel, whether asked for at the join or not. */
  presenceEnabled: boolean
  /** Refuses public channels. */
  privateOnly: boolean
  /** Refuses every connection. */
  suspended: boolean
  /** Wait before a refused upgrade is answered; 2000 on hosted Supabase, a brake on attackers. */
  connectErrorDelayMs: number
  /** Wait before a refused join is answered, blocking the socket; 5000 on hosted Supabase. */
  channelErrorDelayMs: number
  /** A socket that sends nothing for so long is closed. */
  idleTimeoutMs: number
  /** A socket without a channel for so long is cut. */
  channellessTimeoutMs: number
  /** A larger frame from a client drops its socket. */
  maxFrameBytes: number
  /** Unsent bytes of one socket; more and it is closed as a slow consumer. */
  maxBufferedBytes: number
  /** Frames of one socket that wait for an earlier one, e.g. a join; more and the socket is not read meanwhile. */
  maxPendingFrames: number
  /** How long a channel that asked to be told waits for the replication connection. */
  replicationReadyTimeoutMs: number
  /** Length of one tick of the rate counters. */
  rateTickMs: number
  /** Connections for authorization, replay and subscriptions. */
  databasePoolSize: number
  /** Longest authorization or replay query. */
  statementTimeoutMs: number
  /** Days of `realtime.messages` that are kept for replay. */
  keepMessagesDays: number
}

export const DEFAULT_SETTINGS: Readonly<RealtimeSettings> = {
  maxConcurrentUsers: 200,
  maxChannelsPerClient: 100,
  maxEventsPerSecond: 100,
  maxJoinsPerSecond: 100,
  maxPresenceEventsPerSecond: 1000,
  maxPayloadKb: 3000,
  clientPresenceMaxCalls: 5,
  clientPresenceWindowMs: 30_000,
  presenceEnabled: false,
  privateOnly: false,
  suspended: false,
  connectErrorDelayMs: 0,
  channelErrorDelayMs: 0,
  idleTimeoutMs: 60_000,
  channellessTimeoutMs: 600_000,
  maxFrameBytes: 5_000_000,
  maxBufferedBytes: 16 * 1024 * 1024,
  maxPendingFrames: 1000,
  replicationReadyTimeoutMs: 10_000,
  rateTickMs: 5_000,
  databasePoolSize: 5,
  statementTimeoutMs: 5_000,
  keepMessagesDays: 3,
}
