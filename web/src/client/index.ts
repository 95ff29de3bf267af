/** The client library: what a page imports. */

export { limitAuthRequests } from './auth-requests.ts'
export type {
  CloseReason,
  ConnectionState,
  ConnectionStateName,
  DownReason,
} from './connection-state.ts'
export {
  type ClientState,
  DashboardWebSocketClient,
  type DashboardWebSocketClientOptions,
} from './dashboard-websocket-client.ts'
export type {
  ClientEvents,
  ConnectedEvent,
  Delivery,
  DisconnectedEvent,
  ReloadEvent,
  StateEvent,
} from './events.ts'
export type * from './ports.ts'
