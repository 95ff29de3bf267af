/** A form for the fields that a report lacks. Saving it has the report made again. */

import './missing-form.css'
import { useRef, useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import type { Completion, MissingField } from './missing-fields.ts'

export interface MissingFormProps {
  /** Prefix of the ids of the fields. */
  id: string
  missing: readonly MissingField[]
  /** @returns what went wrong, for people; null for success. */
  save(completion: Completion): Promise<string | null>
  /** Called before the form goes: the focus has to be somewhere else. */
  saved(): void
}

const MAX_DESCRIPTION = 20_000

export function MissingForm({ id, missing, save, saved }: MissingFormProps) {
  const date = useRef<HTMLInputElement>(null)
  const description = useRef<HTMLTextAreaElement>(null)
  const [isSaving, setSaving] = useState(false)
  const [error, setError] = useState('')

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (isSaving) return
    setSaving(true)
    setError('')
    const problem = await save({
      ...(date.current === null ? {} : { occurredOn: date.current.value }),
      ...(description.current === null ? {} : { description: description.current.value.trim() }),
    })
    setError(problem ?? '')
    setSaving(false)
    if (problem === null) saved()
  }

  return (
    <form class="missing-form" aria-busy={isSaving} onSubmit={(event) => void submit(event)}>
      {missing.includes('occurredOn') && (
        <div class="field">
          <label for={`${id}-date`}>Date of the crash</label>
          <input
            ref={date}
            class="input"
            type="date"
            id={`${id}-date`}
            min="1900-01-01"
            max={today()}
            required
          />
        </div>
      )}
      {missing.includes('description') && (
        <div class="field">
          <label for={`${id}-description`}>What happened?</label>
          <textarea
            ref={description}
            class="input missing-form__text"
            id={`${id}-description`}
            rows={3}
            maxLength={MAX_DESCRIPTION}
            required
          />
        </div>
      )}
      <p class="missing-form__error" role="alert">
        {error}
      </p>
      <Button type="submit" primary small disabled={isSaving}>
        Save and make the report
      </Button>
    </form>
  )
}

/** The day where the user is, as `yyyy-mm-dd`. */
function today(): string {
  const now = new Date()
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}
