/**
 * The messages about an incident, other than those about its jobs. `npm run messages` writes types and documentation from
 * them. The database builds them in `supabase/schemas/incident_news.sql` and where a function names their type.
 */

import * as v from 'valibot'
import { type Fields, field } from './kind.ts'

export interface NewsDefinition {
  type: string
  /** Name of the TypeScript interface. */
  typeName: string
  about: string
  /** When the message is sent. */
  when: string
  /** Which users get the message as a stored notification, in words. */
  storedFor: string
  fields: Fields
  /** Fields of type string without which a listener cannot work, beside `incidentId` and `timestamp`. */
  required: readonly string[]
}

const USER = '2b6f0c3e-1a9d-4e7b-8c50-4d8e6f1a2b10'
const memberId = (meaning: string) => field(v.string(), meaning, '8d3e5a70-4c1b-4f92-b6a8-2e7c9d0f5b14')
const noteId = field(v.string(), 'Id of the note.', '7e4b9d18-3a6f-4c52-9e07-1d8c5b2f6a13')
const role = field(v.string(), '`owner`, `handler` or `viewer`.', 'handler')

/** Fields of every message about an incident. */
export const NEWS_FIELDS = {
  incidentId: field(v.string(), 'Id of the incident.', '0e3f5c1a-2d0b-4a0e-8c8e-9f1f7c5d2b02'),
  userId: field(v.nullable(v.string()), 'Id of the user who made the change; null for a service.', USER),
  timestamp: field(
    v.string(),
    'The moment of the change: ISO 8601 with milliseconds, UTC.',
    '2026-11-23T10:00:00.000Z',
  ),
} satisfies Fields

export const NEWS = [
  {
    type: 'note_added',
    typeName: 'NoteAddedMessage',
    about: 'A member has written a note.',
    when: '`add_case_note` has added a note.',
    storedFor: 'Followers, but for the writer and for members whom the note mentions.',
    fields: { noteId },
    required: ['noteId'],
  },
  {
    type: 'mentioned',
    typeName: 'MentionedMessage',
    about: 'A note mentions the user.',
    when: '`add_case_note` has added a note that mentions the user. In place of `note_added`.',
    storedFor: 'Each mentioned member, also where the member has muted the incident.',
    fields: { noteId },
    required: ['noteId'],
  },
  {
    type: 'member_added',
    typeName: 'MemberAddedMessage',
    about: 'Another user has become a member of the incident.',
    when: 'A user becomes a member other than a handler, or a member has another role.',
    storedFor: 'Followers.',
    fields: { memberId: memberId('Id of the new member.'), role },
    required: ['memberId', 'role'],
  },
  {
    type: 'member_removed',
    typeName: 'MemberRemovedMessage',
    about: 'A member of the incident has been removed, or has left.',
    when: 'A row of `incident_members` is deleted.',
    storedFor: 'Followers, and the removed member.',
    fields: { memberId: memberId('Id of the former member, who may be the reader.') },
    required: ['memberId'],
  },
  {
    type: 'incident_added',
    typeName: 'IncidentAddedMessage',
    about: 'The incident is new to the user.',
    when: 'The user has become a member of the incident, or a claim has arrived for the staff.',
    storedFor: 'The new member; the staff.',
    fields: { role: v.exactOptional(role) },
    required: [],
  },
  {
    type: 'assigned',
    typeName: 'AssignedMessage',
    about: 'The incident has been assigned to a handler.',
    when: 'A member becomes a handler of the incident.',
    storedFor: 'Followers, the new handler among them.',
    fields: {
      assigneeId: field(v.string(), 'Id of the handler, who may be the reader.', USER),
    },
    required: ['assigneeId'],
  },
  {
    type: 'incident_state',
    typeName: 'IncidentStateMessage',
    about: 'The state of the incident has changed.',
    when: 'A member sets the state.',
    storedFor: 'Followers.',
    fields: {
      state: field(v.string(), '`new`, `in_progress`, `waiting_for_claimant` or `done`.', 'in_progress'),
    },
    required: ['state'],
  },
] as const satisfies readonly NewsDefinition[]
