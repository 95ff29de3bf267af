/** A member of an incident, as `incident_people` tells of one. */

import { isRecord } from '../../../../functions-shared/unknown.ts'

export interface Person {
  userId: string
  name: string
  /** owner, handler, viewer; none for people who are no member, or no longer. */
  role: string
  /** Works for the firm. */
  isStaff: boolean
}

/** @throws TypeError where the answer is not a list. */
export function parsePeople(data: unknown): Person[] {
  if (!Array.isArray(data)) throw new TypeError('expected a list of people')
  return data
    .filter(isRecord)
    .flatMap(({ user_id: userId, name, role, is_staff: isStaff }) =>
      typeof userId === 'string' && typeof name === 'string'
        ? [{ userId, name, role: typeof role === 'string' ? role : '', isStaff: isStaff === true }]
        : [],
    )
}

/** Two letters of a name or of an e-mail address. */
export function initials(name: string): string {
  const words = name
    .replace(/@.*/, '')
    .split(/[\s._-]+/)
    .filter((word) => word !== '')
  const [first = '?', ...others] = words
  // By code points: a letter may consist of two UTF-16 units.
  const letters = [...first]
  const last = [...(others.at(-1) ?? '')]
  const shown = last.length === 0 ? letters.slice(0, 2) : [...letters.slice(0, 1), ...last.slice(0, 1)]
  return shown.join('').toUpperCase()
}

/** Degrees of hue: the same colour for the same person everywhere. */
export function hueOf(userId: string): number {
  let hash = 0
  for (const character of userId) hash = (hash * 31 + character.charCodeAt(0)) % 360
  return Math.round(hash / 30) * 30
}
