/** The case notes as people see them: a conversation, who is typing, and a field to write in. */

import './case-notes.css'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { RowSkeleton } from '../../ui/skeleton.tsx'
import { useStore } from '../../ui/use-store.ts'
import { ICONS } from '../icons.ts'
import type { Mentionable } from './mentions.ts'
import { NoteForm } from './note-form.tsx'
import { NoteLine } from './note-line.tsx'
import type { NotesState, NotesStore } from './notes-store.ts'

export interface CaseNotesProps {
  store: NotesStore
  /** Id of the signed-in user. */
  self: string
  /** @param userId null for an account that is gone. */
  nameOf(userId: string | null): string
  /** Members who can be mentioned. */
  people: readonly Mentionable[]
  /** Names of other members who are typing. */
  typing: readonly string[]
  /** The user may read notes and write none. */
  isReadOnly: boolean
  /** The user is writing. */
  sendTyping(): void
  /** Earlier notes could not be read. */
  earlierFailed(): void
}

/** Pixels from the end at which the list still counts as scrolled to its end. */
const NEAR_END = 48

export function CaseNotes({
  store,
  self,
  people,
  nameOf,
  typing,
  isReadOnly,
  sendTyping,
  earlierFailed,
}: CaseNotesProps) {
  const state = useStore(store)
  const { notes, drafts, earlier } = state
  const scroller = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  const count = notes.length + drafts.length

  // A new note is shown to a reader who is at the end, and moves nothing for a reader who has scrolled up.
  useLayoutEffect(() => {
    const { current } = scroller
    if (current !== null && count > 0 && isAtEnd.current) current.scrollTop = current.scrollHeight
  }, [count])

  function write(body: string, mentions: readonly string[]): void {
    isAtEnd.current = true
    store.write(body, mentions)
  }

  const authorOf = (userId: string | null) => ({
    userId: userId ?? '',
    name: nameOf(userId),
    isSelf: userId === self,
  })
  const lines = [
    ...notes.map((note) => ({ ...note, author: authorOf(note.authorId), draft: null })),
    ...drafts.map((draft) => ({ ...draft, author: authorOf(self), draft })),
  ]
  return (
    <div class="notes">
      <div
        ref={scroller}
        class="notes__scroller"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END
        }}
      >
        {earlier && (
          <Button small class="notes__earlier" onClick={() => void store.loadEarlier().catch(earlierFailed)}>
            Show earlier notes
          </Button>
        )}
        <Placeholder state={state} reload={() => void store.refresh()} />
        <ol class="notes__list" aria-label="Case notes" aria-live="polite">
          {lines.map(({ id, body, createdAt, author, draft }) => (
            <NoteLine
              key={id}
              {...{ id, body, createdAt, author, draft }}
              retry={() => store.retry(id)}
              discard={() => store.discard(id)}
            />
          ))}
        </ol>
      </div>
      <p class="notes__typing" aria-live="polite">
        {typingText(typing)}
      </p>
      {isReadOnly ? (
        <p class="notes__empty">You can read this case, and not write about it.</p>
      ) : (
        <NoteForm people={people} write={write} typing={sendTyping} />
      )}
    </div>
  )
}

/** What stands above the notes, or in place of them, while not all is well. */
function Placeholder({ state, reload }: { state: NotesState; reload(): void }) {
  const { phase, notes, drafts } = state
  if (phase === 'loading') return <RowSkeleton />
  if (phase === 'failed') {
    return (
      <>
        <p class="notes__empty">The notes could not be loaded.</p>
        <Button small icon={ICONS.refresh} onClick={reload}>
          Try again
        </Button>
      </>
    )
  }
  if (notes.length + drafts.length > 0) return null
  return (
    <p class="notes__empty">No notes yet. What you write here is seen by everybody on this case, at once.</p>
  )
}

function typingText(names: readonly string[]): string {
  const [first, second] = names
  if (first === undefined) return ''
  if (second === undefined) return `${first} is typing…`
  return names.length === 2
    ? `${first} and ${second} are typing…`
    : `${first} and ${names.length - 1} others are typing…`
}
