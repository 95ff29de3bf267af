/** One case note: who wrote it and when, and for a note that is not stored yet, what becomes of it. */

import './note-line.css'
import { Button } from '../../ui/button.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { Avatar } from '../incident/avatar.tsx'
import type { Draft } from './notes-store.ts'

export interface NoteLineProps {
  id: string
  body: string
  createdAt: string
  author: { userId: string; name: string; isSelf: boolean }
  /** Null once the note is stored. */
  draft: Pick<Draft, 'state' | 'reason'> | null
  retry(): void
  discard(): void
}

const DRAFT_WORDS: Record<Draft['state'], string> = {
  sending: 'Sending…',
  waiting: 'Not sent yet. It is sent when the connection is back.',
  refused: 'Not accepted.',
}

export function NoteLine({ id, body, createdAt, author, draft, retry, discard }: NoteLineProps) {
  return (
    <li class="note" data-note-id={id} data-state={draft?.state ?? 'stored'}>
      <span class="note__picture">
        <Avatar userId={author.userId} name={author.name} />
      </span>
      <div class="note__head">
        <span class="note__author">{author.isSelf ? 'You' : author.name}</span>
        <RelativeTime class="note__time" iso={createdAt} />
      </div>
      <p class="note__body">{body}</p>
      {draft !== null && <p class="note__state">{draft.reason ?? DRAFT_WORDS[draft.state]}</p>}
      {draft?.state === 'refused' && (
        <div class="note__buttons">
          <Button small onClick={retry}>
            Try again
          </Button>
          <Button small onClick={discard}>
            Discard
          </Button>
        </div>
      )}
    </li>
  )
}
