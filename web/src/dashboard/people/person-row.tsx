/** One person in a list of people: name, role, and the button that takes them off the list. */

import './person-row.css'
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { Avatar } from '../incident/avatar.tsx'

export interface PersonRowProps {
  /** Decides the colour. */
  id: string
  name: string
  isSelf?: boolean
  /** Below the name. */
  about: string
  /** Null: the user may not. */
  remove: (() => void) | null
  removeLabel: string
  children?: ComponentChildren
}

export function PersonRow({
  id,
  name,
  isSelf = false,
  about,
  remove,
  removeLabel,
  children,
}: PersonRowProps) {
  const [isAsking, setAsking] = useState(false)
  return (
    <li class="person">
      <Avatar userId={id} name={name} />
      <div class="person__text">
        <span class="person__name">
          {name}
          {isSelf && ' (you)'}
        </span>
        <span class="person__about">{about}</span>
      </div>
      {children}
      {remove !== null && (
        <Button
          small
          class={isAsking ? 'person__remove is-asking' : 'person__remove'}
          aria-label={isAsking ? `Yes, ${removeLabel.toLowerCase()} ${name}` : `${removeLabel} ${name}`}
          onBlur={() => setAsking(false)}
          onClick={({ currentTarget }) => {
            if (!isAsking) return setAsking(true)
            // The button goes with its row.
            currentTarget.closest('dialog')?.querySelector('h2')?.focus()
            remove()
          }}
        >
          {isAsking ? 'Sure?' : removeLabel}
        </Button>
      )}
    </li>
  )
}
