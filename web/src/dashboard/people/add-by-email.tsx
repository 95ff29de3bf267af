/** A form that adds a person by e-mail. */

import './add-by-email.css'
import { useId, useRef } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'

export interface AddByEmailProps {
  label: string
  /** Value and word; the first one is chosen at first. With one role there is nothing to choose. */
  roles: readonly (readonly [role: string, word: string])[]
  isBusy: boolean
  /** @returns whether the person was added: then the field is empty again. */
  add(email: string, role: string): Promise<boolean>
}

/** Characters of the longest address. */
const MAX_LENGTH = 254

export function AddByEmail({ label, roles, isBusy, add }: AddByEmailProps) {
  const id = useId()
  const email = useRef<HTMLInputElement>(null)
  const role = useRef<HTMLSelectElement>(null)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const field = email.current
    if (field === null) return
    const isAdded = await add(field.value.trim(), role.current?.value ?? roles[0]?.[0] ?? '')
    if (isAdded) field.value = ''
    field.focus()
  }

  return (
    <form class="add-person" aria-busy={isBusy} onSubmit={(event) => void submit(event)}>
      <label for={id}>{label}</label>
      <div class="add-person__fields">
        <input
          ref={email}
          class="input"
          type="email"
          id={id}
          placeholder="name@example.com"
          autocomplete="off"
          maxLength={MAX_LENGTH}
          required
        />
        {roles.length > 1 && (
          <select ref={role} class="input add-person__role" aria-label="Role">
            {roles.map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        )}
        <Button primary type="submit">
          Add
        </Button>
      </div>
    </form>
  )
}
