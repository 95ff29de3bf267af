/** The people who are offered while a name is typed after an @. The focus stays in the field. */

import './mention-list.css'
import type { Mentionable } from './mentions.ts'

export interface MentionListProps {
  id: string
  people: readonly Mentionable[]
  /** Index of the person whom Enter chooses. */
  active: number
  choose(person: Mentionable): void
}

export function optionId(listId: string, index: number): string {
  return `${listId}-${index}`
}

export function MentionList({ id, people, active, choose }: MentionListProps) {
  return (
    <>
      <p class="visually-hidden" role="status">
        {people.length === 0
          ? ''
          : `${people.length} ${people.length === 1 ? 'person' : 'people'}. Arrow keys choose, Enter mentions.`}
      </p>
      <div id={id} class="mentions" role="listbox" aria-label="Mention a member" hidden={people.length === 0}>
        {people.map((person, index) => (
          <div
            key={person.userId}
            id={optionId(id, index)}
            class="mentions__person"
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            // Before the field loses the focus.
            onPointerDown={(event) => {
              event.preventDefault()
              choose(person)
            }}
          >
            {person.name}
          </div>
        ))}
      </div>
    </>
  )
}
