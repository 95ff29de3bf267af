/** The initials of a person, on the person's colour. */

import './avatar.css'
import { hueOf, initials, type Person } from './person.ts'

export function Avatar({ userId, name }: Pick<Person, 'userId' | 'name'>) {
  return (
    <span class="avatar" aria-hidden="true" style={{ '--hue': hueOf(userId) }}>
      {initials(name)}
    </span>
  )
}
