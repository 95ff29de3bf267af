/** The client library: what a page imports. */

export { limitAuthRequests } from './auth-requests.ts'
export type { Backend, DataBackend } from './backend.ts'
export { ClientError } from './client-error.ts'
export type { DashboardWebSocketClientOptions, LeanClientOptions } from './client-options.ts'
export type { ClientState } from './client-state.ts'
export type {
  CloseReason,
  ConnectionState,
  ConnectionStateName,
  DownReason,
} from './connection-state.ts'
export { DashboardWebSocketClient } from './dashboard-websocket-client.ts'
export type {
  BatchItem,
  ClientEvents,
  ConnectedEvent,
  Delivery,
  DisconnectedEvent,
  ReloadEvent,
  StateEvent,
} from './events.ts'
export type * from './ports.ts'
export type {
  BinaryMessageEvent,
  IncidentEvents,
  IncidentSession,
  IncidentState,
  MemberMessageEvent,
} from './topics/incident-session.ts'
export type { QueueEvents, QueueSession, QueueState } from './topics/queue-session.ts'
export type { UnreadCounts } from './unread-counter.ts'
