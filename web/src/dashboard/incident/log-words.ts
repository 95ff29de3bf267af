/** Words of the live log. */

import { LOG_TITLES } from '../../../../functions-shared/message-words.ts'
import { isAboutJob } from '../../../../functions-shared/parse-message.ts'
import { messageWords } from '../../shared/message-words.ts'
import type { ConnectionChange, LogEntry } from '../activity-log.ts'

const CONNECTION_LABELS: Record<ConnectionChange['state'], string> = {
  live: 'Connected',
  offline: 'Connection lost',
  error: 'Connection refused',
}

/** Why a connection was lost or refused, by the client's reason. */
const REASONS: Readonly<Record<string, string | undefined>> = {
  network: 'This device has no network.',
  socket: 'The socket was closed.',
  'join-timeout': 'The server did not answer the join.',
  'heartbeat-timeout': 'The server stopped answering.',
  'channel-closed': 'The server closed the channel.',
  join_refused: 'This user may not listen.',
  topic_in_use: 'Another part of the page listens already.',
}

export interface LogWords {
  tone: 'done' | 'failed' | 'busy' | 'neutral'
  title: string
  detail: string
}

/** @param subject the name of the document or incident that the message is about; null where it is not known. */
export function logWords(
  { message, connection, count }: LogEntry,
  subject: string | null,
  self: string,
): LogWords {
  if (message !== null && !isAboutJob(message)) {
    const { tone, title, detail } = messageWords(message, self)
    return { tone, title, detail: [subject, detail].filter(Boolean).join(' · ') }
  }
  if (message !== null) {
    const { type, status, error } = message
    return {
      tone: status === 'failed' ? 'failed' : status === 'completed' ? 'done' : 'busy',
      title: count > 1 ? `${LOG_TITLES[type]} ×${count}` : LOG_TITLES[type],
      detail: [subject, error].filter(Boolean).join(' · '),
    }
  }
  if (connection === null) return { tone: 'neutral', title: '', detail: '' }
  const { state, lastSeq, reason } = connection
  return {
    tone: state === 'error' ? 'failed' : 'neutral',
    title: CONNECTION_LABELS[state],
    detail: state === 'live' ? `up to message ${lastSeq}` : (REASONS[reason ?? ''] ?? ''),
  }
}
