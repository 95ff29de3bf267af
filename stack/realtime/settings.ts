/** What can be tuned, with the defaults of hosted Supabase where it has them. */

export interface RealtimeSettings {
  /** Sockets with at least one channel. */
  maxConcurrentUsers: number
  maxChannelsPerClient: number
  /** Messages and their deliveries, averaged over at most a minute. `event-budgets.ts` says what is counted together. */
  maxEventsPerSecond: number
  maxJoinsPerSecond: number
  maxPresenceEventsPerSecond: number
  /** Of one broadcast or presence payload, in units of 1000 bytes. */
  maxPayloadKb: number
  /** Presence calls of one channel of one socket in {@link clientPresenceWindowMs}. */
  clientPresenceMaxCalls: number
  clientPresenceWindowMs: number
  /** Presence on every channel, also where the join does not ask for it. */
  presenceEnabled: boolean
  /** Refuses public channels. */
  privateOnly: boolean
  /**
   * `refuse`: `POST /api/broadcast` refuses public broadcasts where only private channels are allowed, and events are
   * counted separately for the database and each caller. `allow`: as on hosted Supabase, public broadcasts are accepted
   * and all events are counted together.
   */
  publicBroadcasts: 'refuse' | 'allow'
  /** Refuses every connection. */
  suspended: boolean
  /** Milliseconds before a refused upgrade is answered; 2000 on hosted Supabase, a brake on attackers. */
  connectErrorDelayMs: number
  /** Milliseconds before a refused join is answered, with the socket blocked; 5000 on hosted Supabase. */
  channelErrorDelayMs: number
  /** A socket that sends nothing for this time is closed. */
  idleTimeoutMs: number
  /** A socket that has no channel for this time is cut. */
  channellessTimeoutMs: number
  /** A larger frame from a client cuts its socket. */
  maxFrameBytes: number
  /** Unsent bytes of one socket. Above it the socket is closed as a slow consumer. */
  maxBufferedBytes: number
  /** Frames of one socket that wait for an earlier frame, e.g. a join. Above it the socket is not read. */
  maxPendingFrames: number
  /** How long a channel that asked for the replication connection waits for it. */
  replicationReadyTimeoutMs: number
  /** Length of one tick of the rate counters. */
  rateTickMs: number
  /** Database connections for authorization, replay and subscriptions. */
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
  publicBroadcasts: 'refuse',
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
