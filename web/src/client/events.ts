/** Events of the client and the arguments of their listeners. */

import type {
  NotificationReadMessage,
  RealtimeUpdateMessage,
  UserMessage,
} from '../../../functions-shared/message-types.ts'
import type { ClientError } from './client-error.ts'
import type { CloseReason, ConnectionState, ConnectionStateName, DownReason } from './connection-state.ts'
import type { LostReason } from './sequencer.ts'
import type { BinaryMessageEvent } from './topics/incident-session.ts'
import type { UnreadCounts } from './unread-counter.ts'

/** How a message was delivered. */
export interface Delivery {
  /** The message was read from the table, because its broadcast was not heard. */
  replayed: boolean
  /**
   * Whether this is the visible tab or, while all tabs are hidden, the tab that was focused last. True in exactly one of
   * the tabs that hear the message. Toasts and sounds, which are shown once, belong in that tab.
   */
  foremost: boolean
}

export interface ConnectedEvent {
  userId: string
  /** False when missed messages cannot be delivered one by one: load your state again. */
  recovered: boolean
  /** The last delivered `seq`. */
  lastSeq: number
  /** False for the first connection since `connect()`. */
  reconnected: boolean
}

export interface DisconnectedEvent {
  /** `takeover`: the leading tab was closed, and another tab takes the lead. */
  reason: DownReason | CloseReason | 'refused' | 'takeover'
  /** Clock time of the next attempt in milliseconds; null when the client does not try again. */
  retryAt: number | null
}

export interface StateEvent {
  old: ConnectionStateName
  new: ConnectionStateName
  /** Name of the event that caused the change, e.g. `down`. */
  reason: string
  state: ConnectionState
}

/**
 * Load your state again. `broadcasts-lost`: the server dropped broadcasts, which arrive again now. All durable messages were
 * delivered; progress, notes and other volatile messages were not. Any other reason: durable messages cannot be delivered
 * one by one.
 */
export interface ReloadEvent {
  reason: LostReason | 'broadcasts-lost'
}

export interface BatchItem {
  message: UserMessage
  delivery: Delivery
}

type MessageOf<Type, Message = UserMessage> = Message extends { type: infer Types }
  ? Type extends Types
    ? Message
    : never
  : never

type UserMessageEvents = { [Type in UserMessage['type']]: [message: MessageOf<Type>, delivery: Delivery] }

export interface ClientEvents extends UserMessageEvents {
  /** Every message about a job or an incident, after the listeners of the message's type. `isAboutJob` tells them apart. */
  message: [message: UserMessage, delivery: Delivery]
  /** The same messages for views that render once per batch: the first at once, the following 100 ms together. */
  batch: [items: readonly BatchItem[]]
  /** The number of unread or unseen notifications has changed, on any device. */
  unread: [counts: UnreadCounts]
  /** Notifications were marked as seen, read or unread, on any device. */
  notification_read: [message: NotificationReadMessage]
  /** A row of an incident that the user's lists show has changed, and no other message says so: read it again. */
  realtime_update: [message: RealtimeUpdateMessage]
  /** Presence, typing and binary messages of all joined incidents. */
  presence_update: [event: { incidentId: string; userIds: readonly string[] }]
  user_typing: [event: { incidentId: string; userId: string; timestamp: string }]
  binary: [event: BinaryMessageEvent]
  connected: [event: ConnectedEvent]
  disconnected: [event: DisconnectedEvent]
  state: [event: StateEvent]
  reload: [event: ReloadEvent]
  /** The server answered a heartbeat. */
  pong: [event: { latencyMs: number }]
  /** A failure that does not end the connection. */
  error: [error: ClientError]
}
