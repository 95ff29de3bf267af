/** The messages that are not about a job. `npm run messages` writes types and documentation from them. */

import * as v from 'valibot'
import type { CallName } from './calls.ts'
import { type Field, type Fields, field } from './kind.ts'
import type { TopicName } from './topics.ts'

export interface MessageDefinition {
  /** Null where the sender chooses the type: see `EVENT_PATTERN`. */
  type: string | null
  /** Name of the TypeScript interface. */
  typeName: string
  about: string
  /** When the message is sent, and by what. */
  when: string
  topics: readonly TopicName[]
  fields: Fields
  /** Functions by which a client makes the database send the message; absent where clients cannot. */
  sentThrough?: readonly CallName[]
}

/** A type of the catalogue that no broadcast has: the name stands for something that Realtime itself does. */
export interface CatalogueEntry {
  type: string
  /** What carries it on the socket, and how a page uses it. */
  carriedBy: string
}

const timestamp = (of: string): Field =>
  field(v.string(), `${of}: ISO 8601 with milliseconds, UTC.`, '2026-11-23T10:00:00.000Z')
const count = (meaning: string, example: number) =>
  field(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), meaning, example)
const USER = '2b6f0c3e-1a9d-4e7b-8c50-4d8e6f1a2b10'
const incidentId = field(v.string(), 'Id of the incident.', '0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02')
const sender = field(v.string(), 'Id of the user who sent it. Set by the database.', USER)

/** A field whose type is the union of all messages about jobs and incidents. */
export const USER_MESSAGE_TITLE = 'UserMessage'

export const batchUpdate: MessageDefinition = {
  type: 'batch_update',
  typeName: 'BatchUpdateMessage',
  about: 'Several messages, in order. The client hands each of them over by itself.',
  when: 'One statement of SQL gives a user or a queue several messages. At most 100 messages and 200 KB each.',
  topics: ['user', 'queue'],
  fields: {
    messages: v.pipe(
      v.array(v.pipe(v.unknown(), v.title(USER_MESSAGE_TITLE))),
      v.description('The messages, each as if it had been sent alone.'),
      v.examples([
        [
          {
            type: 'status_update',
            jobId: '5b0c5b3e-6a0e-4d55-9a54-6b8f0c6b9a01',
            incidentId: null,
            timestamp: '2026-11-23T10:00:00.000Z',
            updateType: 'vehicle_lookup',
            resource: 'vehicle:AB-123',
            status: 'found',
            state: 'completed',
            seq: 42,
            epoch: '7d1f0c52-8a11-4f0e-b6f3-1f2f8e6a5d04',
          },
        ],
      ]),
    ),
    timestamp: timestamp('The moment of the statement'),
  },
}

export const notificationRead: MessageDefinition = {
  type: 'notification_read',
  typeName: 'NotificationReadMessage',
  about: 'Notifications of the user were marked as seen or read, on one of the devices.',
  when: '`mark_notifications` has changed at least one notification.',
  topics: ['user'],
  sentThrough: ['mark_notifications'],
  fields: {
    upTo: v.exactOptional(
      count('Every notification up to this number was marked. Either `upTo` or `seqs` is present.', 42),
    ),
    seqs: v.exactOptional(
      field(
        v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
        'The numbers of the notifications that changed, ascending.',
        [40, 42],
      ),
    ),
    seen: v.exactOptional(field(v.boolean(), 'The new mark; absent where it was not changed.', true)),
    read: v.exactOptional(field(v.boolean(), 'The new mark; absent where it was not changed.', true)),
    done: v.exactOptional(field(v.boolean(), 'The new mark; absent where it was not changed.', true)),
    unseenCount: count('Unseen notifications with a number up to `headSeq`.', 0),
    unreadCount: count(
      'Unread notifications with a number up to `headSeq`. Later ones are unread, and the reader adds them.',
      2,
    ),
    headSeq: count('The highest number when the counts were taken.', 44),
    epoch: field(v.string(), 'The epoch that the numbers belong to.', '7d1f0c52-8a11-4f0e-b6f3-1f2f8e6a5d04'),
    timestamp: timestamp('The moment of marking'),
  },
}

export const connectionDisplaced: MessageDefinition = {
  type: 'error',
  typeName: 'ConnectionDisplacedMessage',
  about:
    'A device took the place of another one. The device named by `deviceId` disconnects; others ignore the message.',
  when: '`register_device` was called with the id of a device to displace.',
  topics: ['user'],
  sentThrough: ['register_device'],
  fields: {
    code: field(v.literal('connection_displaced'), 'The only code that is sent.', 'connection_displaced'),
    message: field(v.string(), 'The error in a sentence.', 'Another device has taken the place of this one.'),
    deviceId: field(
      v.string(),
      'Id of the device that has to disconnect.',
      '4c8f2a60-7b1d-4e39-9d52-8a6e3f0b1c11',
    ),
    displacedBy: field(
      v.string(),
      'Id of the device that took its place.',
      'e1d7b3a5-2c94-4f68-8b07-5d9c6a2e4f12',
    ),
    timestamp: timestamp('The moment of the change'),
  },
}

export const realtimeUpdate: MessageDefinition = {
  type: 'realtime_update',
  typeName: 'RealtimeUpdateMessage',
  about: 'Something of the incident has changed. Readers that show it read the row again.',
  when: 'On the topic of the incident: a case note is added (`case_notes`, with the row as `record`), fields of the incident or its state change (`incidents`), its members or invitations change (`incident_members`), or a job is added or changes whose incident has a member other than the user of the job (`jobs`). On the topic of each member, whose lists show the incident: a job is added (`jobs`), the incident is added, changes or is erased (`incidents`).',
  topics: ['incident', 'user'],
  sentThrough: ['add_case_note', 'update_incident', 'add_member', 'remove_member', 'set_incident_state'],
  fields: {
    table: field(
      v.picklist(['incidents', 'incident_members', 'case_notes', 'jobs']),
      'The table of the change.',
      'case_notes',
    ),
    incidentId,
    userId: field(
      v.nullable(v.string()),
      'Id of the user who made the change; for `jobs` on the topic of the incident, of the user whose job it is. Null for a service.',
      USER,
    ),
    record: v.exactOptional(
      field(v.unknown(), 'The new row, with the columns of `case_notes`. Absent for other tables.', {
        body: 'Called the garage.',
      }),
    ),
    timestamp: timestamp('The moment of the change'),
  },
}

export const incidentMoved: MessageDefinition = {
  type: 'incident_moved',
  typeName: 'IncidentMovedMessage',
  about:
    'The incident has another topic, whose name `incident_topics()` tells those who still see the incident. The last message on the old topic.',
  when: 'A user has lost access to the incident.',
  topics: ['incident'],
  sentThrough: ['remove_member'],
  fields: { incidentId, timestamp: timestamp('The moment of the change') },
}

export const userTyping: MessageDefinition = {
  type: 'user_typing',
  typeName: 'UserTypingMessage',
  about: 'A member of the incident is typing.',
  when: 'The client calls `sendTyping()`, which sends at most once in 2 s.',
  topics: ['incident'],
  sentThrough: ['send_to_topic'],
  fields: { incidentId, userId: sender, timestamp: timestamp('The moment of sending') },
}

/** A type that a member of an incident may choose, other than the types of the database. */
export const EVENT_PATTERN = '^[a-z][a-z0-9_.:-]{0,63}$'

export const memberMessage: MessageDefinition = {
  type: null,
  typeName: 'MemberMessage',
  about:
    'A message of a member of the incident, with a type of its own: a letter, then letters, digits and `_.:-`, at most 64 characters, and no type of the database. The fields of the sent object stand beside those below; the object has at most 16 KB.',
  when: 'The client calls `send()`.',
  topics: ['incident'],
  sentThrough: ['send_to_topic'],
  fields: { incidentId, userId: sender, timestamp: timestamp('The moment of sending') },
}

export const MESSAGES = [
  batchUpdate,
  notificationRead,
  connectionDisplaced,
  realtimeUpdate,
  incidentMoved,
  userTyping,
  memberMessage,
] as const

/** What a client tracks as its presence on a topic: Realtime's `presence` with the event `track`. */
export const PRESENCE_FIELDS = {
  userId: field(
    v.string(),
    'Id of the user who is there. Each client says its own: good for showing, not for deciding.',
    USER,
  ),
} satisfies Fields

/** Names of the catalogue that Realtime's own frames carry. A page never sends or receives a message of these types. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    type: 'subscribe',
    carriedBy:
      "Realtime's `phx_join` of a topic. The client joins `user:<uid>` in `connect()`, `queue:<id>` in `subscribeQueue()` and `incident:<id>` in `joinIncident()`.",
  },
  {
    type: 'unsubscribe',
    carriedBy:
      "Realtime's `phx_leave`. The client leaves in `disconnect()` and in `close()` of a queue or an incident.",
  },
  {
    type: 'ping',
    carriedBy: "Realtime's `heartbeat` on the topic `phoenix`, every 30 s and in `ping()`.",
  },
  {
    type: 'pong',
    carriedBy:
      "Realtime's reply to a heartbeat. The client hands it over as the event `pong` with `{ latencyMs }`.",
  },
  {
    type: 'presence_update',
    carriedBy:
      "Realtime's `presence_state` and `presence_diff` on `incident:<id>`. Each client tracks `{ userId }`; the client hands over the event `presence_update` with `{ incidentId, userIds }`.",
  },
]
