/** The events of the client and what their listeners are given. */

import type { JobMessage, NotificationReadMessage } from '../../../functions-shared/message-types.ts'
import type { ClientError } from './client-error.ts'
import type { CloseReason, ConnectionState, ConnectionStateName, DownReason } from './connection-state.ts'
import type { LostReason } from './sequencer.ts'
import type { BinaryMessageEvent } from './topics/incident-session.ts'
import type { UnreadCounts } from './unread-counter.ts'

/** How a message came. */
export interface Delivery {
  /** It happened while this page was not listening, and was read from the table. */
  replayed: boolean
  /**
   * Whether people look at this tab, or did last: true in exactly one of the tabs that hear the message. What is to
   * be shown once (a toast, a sound) belongs there.
   */
  foremost: boolean
}

export interface ConnectedEvent {
  userId: string
  /** False when something was missed that cannot be delivered one by one: read your state anew. */
  recovered: boolean
  /** The place in the user's sequence that has been reached. */
  lastSeq: number
  /** Not the first time since `connect()`. */
  reconnected: boolean
}

export interface DisconnectedEvent {
  /** `takeover`: the tab that had the connection is gone, and another one takes its place. */
  reason: DownReason | CloseReason | 'refused' | 'takeover'
  /** Milliseconds of the client's clock when it tries again; null when it does not. */
  retryAt: number | null
}

export interface StateEvent {
  old: ConnectionStateName
  new: ConnectionStateName
  /** Name of the event that led here, e.g. `down`. */
  reason: string
  state: ConnectionState
}

/** What was missed can no longer be told message by message; read your state anew. */
export interface ReloadEvent {
  reason: LostReason
}

export interface BatchItem {
  message: JobMessage
  delivery: Delivery
}

type MessageOf<Type, Message = JobMessage> = Message extends { type: infer Types }
  ? Type extends Types
    ? Message
    : never
  : never

type JobMessageEvents = { [Type in JobMessage['type']]: [message: MessageOf<Type>, delivery: Delivery] }

export interface ClientEvents extends JobMessageEvents {
  /** Every message about a job, after the listeners of its own type. */
  message: [message: JobMessage, delivery: Delivery]
  /** The same messages for views that are drawn as a whole: the first at once, what follows within 100 ms together. */
  batch: [items: readonly BatchItem[]]
  /** The number of unread or unseen notifications has changed, on whichever device. */
  unread: [counts: UnreadCounts]
  /** Notifications were marked, on whichever device: for lists that show which are read. */
  notification_read: [message: NotificationReadMessage]
  /** On the incidents that were joined: who is there, who types, what is sent. */
  presence_update: [event: { incidentId: string; userIds: readonly string[] }]
  user_typing: [event: { incidentId: string; userId: string; timestamp: string }]
  binary: [event: BinaryMessageEvent]
  connected: [event: ConnectedEvent]
  disconnected: [event: DisconnectedEvent]
  state: [event: StateEvent]
  reload: [event: ReloadEvent]
  /** The server answered a heartbeat. */
  pong: [event: { latencyMs: number }]
  /** What went wrong without ending the connection; nothing is thrown at the page. */
  error: [error: ClientError]
}
