import { describe, expect, it } from 'vitest'
import type { IncidentMessage } from '../../../functions-shared/message-types.ts'
import { messageWords, threadOf } from './message-words.ts'

const common = { incidentId: 'i', userId: 'ben', timestamp: '2026-11-23T10:00:00.000Z' }

const MESSAGES: readonly (readonly [message: IncidentMessage, title: string, thread: string])[] = [
  [{ ...common, type: 'note_added', noteId: 'n' }, 'New note', 'notes:i'],
  [{ ...common, type: 'mentioned', noteId: 'n' }, 'You were mentioned in a note', 'notes:i'],
  [{ ...common, type: 'member_added', memberId: 'cleo', role: 'viewer' }, 'New member', 'people:i'],
  [{ ...common, type: 'member_removed', memberId: 'cleo' }, 'A member has left', 'people:i'],
  [{ ...common, type: 'member_removed', memberId: 'ann' }, 'You are no longer a member', 'people:i'],
  [{ ...common, type: 'incident_added' }, 'You were added to a case', 'case:i'],
  [{ ...common, type: 'incident_added', reason: 'staff' }, 'New claim', 'case:i'],
  [{ ...common, type: 'assigned', assigneeId: 'ann' }, 'Assigned to you', 'case:i'],
  [{ ...common, type: 'assigned', assigneeId: 'cleo' }, 'A handler was assigned', 'case:i'],
  [
    { ...common, type: 'incident_state', state: 'waiting_for_claimant' },
    'Case waits for the claimant',
    'case:i',
  ],
]

describe('a message about an incident', () => {
  it.each(MESSAGES)('%j says %j', (message, title, thread) => {
    expect(messageWords(message, 'ann').title).toBe(title)
    expect(threadOf(message)).toBe(thread)
  })
})
