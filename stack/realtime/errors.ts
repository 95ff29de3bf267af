/** Refusals and system texts, word for word as Supabase Realtime 2.129 sends them. */

import type { TokenFailure } from './tokens.ts'

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

/** An HTTP answer to a refused upgrade: `{"error": message}`, or an empty body where `message` is undefined. */
export interface UpgradeRefusal {
  status: number
  message: string | undefined
}

export const UPGRADE_REFUSAL = {
  unknownVersion: { status: 403, message: undefined },
  keyMissing: { status: 401, message: 'API key is missing' },
  /** The gateway's words for the same refusal over HTTP. */
  secretKeyInBrowser: { status: 401, message: 'Forbidden use of secret API key in browser' },
  tooManyUsers: { status: 429, message: 'Too many connected users' },
  tooManyJoins: { status: 429, message: 'Too many joins per second' },
  suspended: { status: 403, message: 'Realtime was disabled for this tenant' },
  unknownProject: { status: 404, message: 'Tenant not found' },
  unknown: { status: 500, message: 'Error connecting to Realtime' },
} as const satisfies Record<string, UpgradeRefusal>

/** Reason of the `phx_error` that ends a channel. */
export const CHANNEL_CRASH = 'channel_crash'

/** Reason of the close frame for a client that does not read. The real server has no such limit. */
export const SLOW_CONSUMER_REASON = 'The client reads too slowly'

export function unauthorizedToRead(topic: string): string {
  return `You do not have permissions to read from this Channel topic: ${topic}`
}

export function expired(seconds: number): string {
  return `Token has expired ${seconds} seconds ago`
}

/** What a client is told about a refused token, by the place where the token was used. */
export interface TokenRefusal {
  upgrade: UpgradeRefusal
  /** The reply's `response.reason`. */
  join: string
  /** Text of the system message that closes the channel. */
  refresh: string
}

export function tokenRefusal(failure: TokenFailure): TokenRefusal {
  switch (failure.kind) {
    case 'malformed':
      return refusal('MalformedJWT', 'The token provided is not a valid JWT')
    case 'signer':
      return {
        ...refusal(
          'JwtSignerError',
          'Failed to generate JWT signer, check your JWT secret or JWKS configuration',
        ),
        refresh: ':error_generating_signer',
      }
    case 'signature':
      return {
        ...refusal('JwtSignatureError', 'Failed to validate JWT signature'),
        refresh: ':signature_error',
      }
    case 'expired':
      return {
        ...refusal('InvalidJWTToken', expired(failure.seconds)),
        upgrade: { status: 401, message: 'Token has expired' },
      }
    case 'missing_claims':
      return refusal('InvalidJWTToken', 'Fields `role` and `exp` are required in JWT')
    case 'unknown':
      return {
        upgrade: UPGRADE_REFUSAL.unknown,
        join: JOIN_REFUSAL.unknown,
        refresh: JOIN_REFUSAL.unknown,
      }
  }
}

function refusal(code: string, message: string): TokenRefusal {
  return { upgrade: { status: 401, message }, join: `${code}: ${message}`, refresh: message }
}
