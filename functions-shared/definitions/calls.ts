/** Functions of the database by which a client makes it send a message. Called as `POST /rest/v1/rpc/<name>`. */

import * as v from 'valibot'
import type { Database } from '../database.types.ts'
import { type Field, field } from './kind.ts'

type Functions = Database['public']['Functions']

export interface CallDefinition {
  about: string
  /** Methods of the client that call it; absent where the client library does not. */
  methods?: string
  arguments: Readonly<Record<string, Field>>
}

const incident = field(v.string(), 'Id of the incident.', '0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02')

/** The names of functions and arguments are checked against those of the database. */
export const CALLS = {
  send_to_topic: {
    about:
      'Sends an object of at most 16 KB to the members of an incident. The database checks that the caller is a member, limits the rate, and sets `type`, `incidentId`, `userId` and `timestamp`.',
    methods: 'send(), sendTyping()',
    arguments: {
      p_topic: field(v.string(), '`incident:<id>`.', 'incident:0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02'),
      p_event: field(
        v.string(),
        'The type of the message, `user_typing` or a name of your own.',
        'user_typing',
      ),
      p_payload: v.exactOptional(field(v.unknown(), 'An object. Default `{}`.', {})),
    },
  },
  send_binary_to_topic: {
    about:
      "Sends at most 64 KB of bytes to the members of an incident, as a binary broadcast: the 16 bytes of the sender's user id, set by the database, then the bytes.",
    methods: 'sendBinary()',
    arguments: {
      p_topic: field(v.string(), '`incident:<id>`.', 'incident:0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02'),
      p_event: field(v.string(), 'A name of your own.', 'sketch'),
      p_base64: field(v.string(), 'The bytes in base64.', 'AAECAw=='),
    },
  },
  mark_notifications: {
    about:
      'Marks notifications of the caller, all up to a number or at most 10,000 by their numbers. Where something changed, all devices of the user are sent `notification_read`.',
    methods: 'markRead(), markUnread(), markSeen()',
    arguments: {
      p_up_to: v.exactOptional(field(v.number(), 'The number up to which all are marked.', 42)),
      p_seqs: v.exactOptional(field(v.array(v.number()), 'The numbers of those that are marked.', [40, 42])),
      p_seen: v.exactOptional(field(v.boolean(), 'The new mark; absent leaves it.', true)),
      p_read: v.exactOptional(field(v.boolean(), 'The new mark; absent leaves it.', true)),
      p_done: v.exactOptional(field(v.boolean(), 'The new mark; absent leaves it.', true)),
    },
  },
  register_device: {
    about:
      "Makes a device of the caller live, or keeps it so. Where it takes the place of another one, the user's devices are sent the `error` with the code `connection_displaced`.",
    methods: 'connect(), displaceDevice()',
    arguments: {
      p_device_id: field(v.string(), 'Id of the calling device.', 'e1d7b3a5-2c94-4f68-8b07-5d9c6a2e4f12'),
      p_label: v.exactOptional(field(v.string(), 'How the person knows the device.', 'Firefox on Linux')),
      p_displace: v.exactOptional(
        field(v.string(), 'Id of the device that gives way.', '4c8f2a60-7b1d-4e39-9d52-8a6e3f0b1c11'),
      ),
    },
  },
  add_case_note: {
    about:
      'Adds a note to an incident. Its followers are sent `note_added` or `mentioned`, its members `realtime_update` with the note.',
    arguments: {
      p_incident_id: incident,
      p_body: field(v.string(), 'The note, at most 4,000 characters.', 'Called the garage.'),
      p_note_id: v.exactOptional(
        field(
          v.string(),
          'Id of the note, chosen by the caller so that it may send again.',
          '7e4b9d18-3a6f-4c52-9e07-1d8c5b2f6a13',
        ),
      ),
      p_mentions: v.exactOptional(
        field(v.array(v.string()), 'Ids of the members whom the note mentions, at most 20.', [
          '2b6f0c3e-1a9d-4e7b-8c50-4d8e6f1a2b10',
        ]),
      ),
    },
  },
  follow_incident: {
    about: 'The caller, a member, follows the incident and hears of it again where it was muted.',
    arguments: { p_incident_id: incident },
  },
  unfollow_incident: {
    about: 'The caller no longer follows the incident by choice or because of a mention.',
    arguments: { p_incident_id: incident },
  },
  mute_incident: {
    about: 'The caller gets no notification about the incident but those that name the caller.',
    arguments: {
      p_incident_id: incident,
      p_muted: v.exactOptional(field(v.boolean(), 'False ends that. Default true.', true)),
    },
  },
  set_notification_preference: {
    about: 'Sets what the caller wants of a kind of message.',
    arguments: {
      p_kind: field(
        v.string(),
        '`work_started`, `work_done`, `work_failed`, `report`, `note`, `mention`, `people`, `assignment`, `state` or `new_case`.',
        'note',
      ),
      p_choice: v.exactOptional(
        field(v.string(), '`page`, `inbox` or `nothing`; absent returns to the default.', 'inbox'),
      ),
    },
  },
  update_incident: {
    about: 'Changes fields of an incident. Where something changed, its members are sent `realtime_update`.',
    arguments: {
      p_incident_id: incident,
      p_occurred_on: v.exactOptional(field(v.string(), 'The day of the crash.', '2026-11-20')),
      p_description: v.exactOptional(field(v.string(), 'At most 20,000 characters.', 'Two cars met.')),
      p_title: v.exactOptional(field(v.string(), 'At most 200 characters.', 'Rear-end collision')),
    },
  },
  add_member: {
    about:
      'Adds a person to an incident by their address, or invites them. Its members are sent `realtime_update`.',
    arguments: {
      p_incident_id: field(v.string(), 'Id of the incident.', '0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02'),
      p_email: field(v.string(), 'Address of the person.', 'ana@example.com'),
      p_role: v.exactOptional(field(v.string(), '`viewer` or `handler`.', 'viewer')),
    },
  },
  remove_member: {
    about:
      'Removes a person from an incident. Its members are sent `incident_moved`, and `realtime_update` on the new topic.',
    arguments: {
      p_incident_id: field(v.string(), 'Id of the incident.', '0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02'),
      p_user_id: field(v.string(), 'Id of the person.', '4c8f2a60-7b1d-4e39-9d52-8a6e3f0b1c11'),
    },
  },
  set_incident_state: {
    about: 'Sets where an incident stands. Where it changed, its members are sent `realtime_update`.',
    arguments: {
      p_incident_id: field(v.string(), 'Id of the incident.', '0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02'),
      p_state: field(v.string(), '`new`, `in_progress`, `waiting_for_claimant` or `done`.', 'in_progress'),
    },
  },
} as const satisfies {
  [Name in keyof Functions]?: CallDefinition & {
    arguments: Readonly<Record<keyof Functions[Name]['Args'], Field>>
  }
}

export type CallName = keyof typeof CALLS
