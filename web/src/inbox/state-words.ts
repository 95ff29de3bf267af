/** What the inbox says where it has no lines to show, and above the lines where something is the matter. Pure. */

import type { InboxState } from './store.ts'

export interface EmptyWords {
  title: string
  text: string
  tone: 'done' | 'quiet' | 'failed'
  canRetry?: true
}

const EMPTY = {
  offline: {
    title: 'You are offline',
    text: 'The inbox is read as soon as the connection is back. Nothing is lost.',
    tone: 'quiet',
    canRetry: true,
  },
  failed: {
    title: 'The inbox could not be read',
    text: 'Nothing is lost; the server did not answer.',
    tone: 'failed',
    canRetry: true,
  },
  allRead: { title: 'All read', text: 'Nothing is waiting for you.', tone: 'done' },
  noneDone: { title: 'Nothing is done yet', text: 'What you put aside is kept here.', tone: 'quiet' },
  noneOfKind: { title: 'Nothing of this kind', text: 'Choose another kind to see more.', tone: 'quiet' },
  none: {
    title: 'Nothing here yet',
    text: 'News of your cases is listed here as it happens.',
    tone: 'quiet',
  },
} as const satisfies Record<string, EmptyWords>

/** In place of lines. */
export function emptyWords(state: InboxState): EmptyWords {
  const { phase, filter } = state
  if (phase === 'failed' && isOffline(state)) return EMPTY.offline
  if (phase === 'failed') return EMPTY.failed
  if (filter.done) return EMPTY.noneDone
  if (filter.unreadOnly) return EMPTY.allRead
  return filter.family === null ? EMPTY.none : EMPTY.noneOfKind
}

/** Above the lines; empty where all is well. */
export function bannerText(state: InboxState): string {
  const { items, markFailed, readFailed } = state
  if (items.length === 0) return ''
  if (markFailed) return 'That could not be saved. Try again in a moment.'
  if (isOffline(state)) return 'Offline. What happens now is added as soon as the connection is back.'
  return readFailed ? 'The latest state could not be read; what you see may be out of date.' : ''
}

function isOffline({ connection }: InboxState): boolean {
  return connection === 'offline' || connection === 'closed' || connection === 'error'
}
