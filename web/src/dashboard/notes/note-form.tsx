/** The field to write a case note in. It grows with the text, and offers members to mention after an @. */

import './note-form.css'
import type { TargetedInputEvent } from 'preact'
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'
import { MentionList, optionId } from './mention-list.tsx'
import {
  type Mentionable,
  type MentionQuery,
  mentionedIn,
  offered,
  queryAt,
  withMention,
} from './mentions.ts'

/** Characters. */
const MAX_LENGTH = 4_000

/** Pixels; a longer text scrolls. */
const MAX_HEIGHT = 180

export interface NoteFormProps {
  /** Members who can be mentioned. */
  people: readonly Mentionable[]
  write(body: string, mentions: readonly string[]): void
  /** The user is writing. */
  typing(): void
}

export function NoteForm({ people, write, typing }: NoteFormProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  const listId = useId()
  const [isBlank, setBlank] = useState(true)
  const [query, setQuery] = useState<MentionQuery | null>(null)
  const [active, setActive] = useState(0)
  const chosen = useRef<Mentionable[]>([])
  const caret = useRef<number | null>(null)
  const choices = query === null ? [] : offered(people, query)

  // The caret is set once the field has the text with the name.
  useLayoutEffect(() => {
    if (caret.current === null || field.current === null) return
    field.current.setSelectionRange(caret.current, caret.current)
    caret.current = null
  })

  function look(element: HTMLTextAreaElement): void {
    setQuery(
      element.selectionStart === element.selectionEnd ? queryAt(element.value, element.selectionStart) : null,
    )
    setActive(0)
  }

  function onInput({ currentTarget }: TargetedInputEvent<HTMLTextAreaElement>): void {
    const hasText = currentTarget.value.trim() !== ''
    setBlank(!hasText)
    fitHeight(currentTarget)
    look(currentTarget)
    if (hasText) typing()
  }

  function choose(person: Mentionable): void {
    if (field.current === null || query === null) return
    const changed = withMention(field.current.value, query, person)
    if (changed.text.length > MAX_LENGTH) return
    chosen.current = [...chosen.current, person]
    field.current.value = changed.text
    caret.current = changed.caret
    fitHeight(field.current)
    setQuery(null)
  }

  // The field has the text, not the state: Enter may come before the next draw.
  function submit(event: Event): void {
    event.preventDefault()
    const body = field.current?.value.trim() ?? ''
    if (field.current === null || body === '') return
    field.current.value = ''
    fitHeight(field.current)
    setBlank(true)
    setQuery(null)
    write(body, mentionedIn(body, chosen.current))
    chosen.current = []
  }

  /** @returns whether the key was for the offered people. */
  function chooseByKey(key: string): boolean {
    const person = choices[active]
    if (person === undefined) return false
    if (key === 'ArrowDown') setActive((active + 1) % choices.length)
    else if (key === 'ArrowUp') setActive((active + choices.length - 1) % choices.length)
    else if (key === 'Enter' || key === 'Tab') choose(person)
    else if (key === 'Escape') setQuery(null)
    else return false
    return true
  }

  return (
    <form class="notes__form" onSubmit={submit}>
      <MentionList id={listId} people={choices} active={active} choose={choose} />
      <textarea
        ref={field}
        class="input notes__field"
        rows={2}
        aria-label="Write a case note"
        aria-autocomplete="list"
        aria-controls={choices.length > 0 ? listId : undefined}
        aria-activedescendant={choices.length > 0 ? optionId(listId, active) : undefined}
        placeholder="Write a note to the others on this case"
        maxLength={MAX_LENGTH}
        enterkeyhint="send"
        onInput={onInput}
        onBlur={() => setQuery(null)}
        onKeyDown={(event) => {
          if (event.isComposing) return
          if (chooseByKey(event.key)) {
            event.preventDefault()
            event.stopPropagation()
            return
          }
          if (event.key !== 'Enter' || event.shiftKey) return
          event.preventDefault()
          event.currentTarget.form?.requestSubmit()
        }}
      />
      <div class="notes__actions">
        <span class="notes__hint">Enter sends, @ mentions</span>
        <Button
          primary
          type="submit"
          class="notes__send"
          aria-label="Send note"
          disabled={isBlank}
          icon={EXTRA_ICONS.send}
        />
      </div>
    </form>
  )
}

/** Makes the field as high as its text. */
function fitHeight(field: HTMLTextAreaElement): void {
  field.style.height = ''
  if (field.value !== '') field.style.height = `${Math.min(field.scrollHeight + 2, MAX_HEIGHT)}px`
}
