/** What a message says to people, whether it is about a job or about an incident. Pure. */

import type { IncidentMessage, UserMessage } from '../../../functions-shared/message-types.ts'
import { isAboutJob } from '../../../functions-shared/parse-message.ts'
import { sentence } from './format.ts'
import { type JobTopic, type JobWords, jobWords } from './job-words.ts'

/** Chooses the icon of an inbox item. */
export type Topic = JobTopic | 'note' | 'people' | 'case'

export type MessageWords = Omit<JobWords, 'topic'> & { topic: Topic }

/** @param self the id of the reader; null where it is not known. */
export function messageWords(message: UserMessage, self: string | null): MessageWords {
  if (isAboutJob(message)) return jobWords(message)
  return { tone: 'neutral', detail: '', progress: null, ...newsWords(message, self) }
}

/**
 * What a message is a step of: messages of one thread share a toast and a line of the inbox. The messages of a job are a
 * thread, and so are an incident's notes, its members, and its state.
 */
export function threadOf(message: UserMessage): string {
  if (isAboutJob(message)) return message.jobId
  return `${THREADS[message.type]}:${message.incidentId}`
}

const THREADS: Readonly<Record<IncidentMessage['type'], string>> = {
  note_added: 'notes',
  mentioned: 'notes',
  member_added: 'people',
  member_removed: 'people',
  incident_added: 'case',
  assigned: 'case',
  incident_state: 'case',
}

function newsWords(
  message: IncidentMessage,
  self: string | null,
): Pick<MessageWords, 'topic' | 'title'> & Partial<MessageWords> {
  switch (message.type) {
    case 'note_added':
      return { topic: 'note', title: 'New note' }
    case 'mentioned':
      return { topic: 'note', title: 'You were mentioned in a note' }
    case 'member_added':
      return { topic: 'people', title: 'New member', detail: sentence(message.role) }
    case 'member_removed':
      return {
        topic: 'people',
        title: message.memberId === self ? 'You are no longer a member' : 'A member has left',
      }
    case 'incident_added':
      return {
        topic: 'case',
        title: message.reason === 'staff' ? 'New claim' : 'You were added to a case',
      }
    case 'assigned':
      return {
        topic: 'case',
        title: message.assigneeId === self ? 'Assigned to you' : 'A handler was assigned',
      }
    case 'incident_state':
      return { topic: 'case', title: STATES[message.state] ?? sentence(message.state) }
  }
}

const STATES: Readonly<Record<string, string>> = {
  new: 'Case is new again',
  in_progress: 'Case is being worked on',
  waiting_for_claimant: 'Case waits for the claimant',
  done: 'Case is done',
}
