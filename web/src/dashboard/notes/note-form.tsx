/** The field to write a case note in. It grows with the text. */

import './note-form.css'
import type { TargetedInputEvent } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'

/** Characters. */
const MAX_LENGTH = 4_000

/** Pixels; a longer text scrolls. */
const MAX_HEIGHT = 180

export interface NoteFormProps {
  write(body: string): void
  /** The user is writing. */
  typing(): void
}

export function NoteForm({ write, typing }: NoteFormProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [isBlank, setBlank] = useState(true)

  function onInput({ currentTarget }: TargetedInputEvent<HTMLTextAreaElement>): void {
    const hasText = currentTarget.value.trim() !== ''
    setBlank(!hasText)
    fitHeight(currentTarget)
    if (hasText) typing()
  }

  // The field has the text, not the state: Enter may come before the next draw.
  function submit(event: Event): void {
    event.preventDefault()
    const body = field.current?.value.trim() ?? ''
    if (field.current === null || body === '') return
    field.current.value = ''
    fitHeight(field.current)
    setBlank(true)
    write(body)
  }

  return (
    <form class="notes__form" onSubmit={submit}>
      <textarea
        ref={field}
        class="input notes__field"
        rows={2}
        aria-label="Write a case note"
        placeholder="Write a note to the others on this case"
        maxLength={MAX_LENGTH}
        enterkeyhint="send"
        onInput={onInput}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          event.currentTarget.form?.requestSubmit()
        }}
      />
      <div class="notes__actions">
        <span class="notes__hint">Enter sends, Shift+Enter breaks the line</span>
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
