/** Names and numbers of the wire, as Supabase Realtime 2.129 uses them. Texts for clients are in `errors.ts`. */

export {
  BINARY_KIND,
  ENCODING,
  EVENT,
  PHOENIX_TOPIC,
  TOPIC_PREFIX,
} from '../../../functions-shared/realtime-protocol.ts'

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
