/** What people are to a case and to the firm, and what follows from that. The database decides; this says what to offer. */

import type { Person } from '../incident/person.ts'
import type { CaseState } from '../records.ts'

export type StaffRole = 'handler' | 'admin'

/** As `private.incident_role` of the database. */
export type Place = 'owner' | 'handler' | 'admin' | 'staff' | 'viewer'

export const STATE_WORDS: Readonly<Record<CaseState, string>> = {
  new: 'New',
  in_progress: 'In progress',
  waiting_for_claimant: 'Waiting for claimant',
  done: 'Done',
}

export const ROLE_WORDS: Readonly<Record<string, string | undefined>> = {
  owner: 'Owner of the claim',
  handler: 'Handler',
  viewer: 'Viewer',
  admin: 'Admin',
}

const MEMBER_ROLES: readonly string[] = ['owner', 'handler', 'viewer']

export function membersOf(people: readonly Person[]): Person[] {
  return people
    .filter(({ role }) => MEMBER_ROLES.includes(role))
    .toSorted(
      (a, b) => MEMBER_ROLES.indexOf(a.role) - MEMBER_ROLES.indexOf(b.role) || a.name.localeCompare(b.name),
    )
}

/** @param staffRole of the user in the firm; null for everybody else. */
export function placeOf(people: readonly Person[], userId: string, staffRole: StaffRole | null): Place {
  const role = people.find((person) => person.userId === userId)?.role
  if (role === 'owner' || role === 'handler') return role
  if (staffRole === 'admin') return 'admin'
  const isHandled = people.some((person) => person.role === 'handler')
  return staffRole !== null && !isHandled ? 'staff' : 'viewer'
}

/** Whether the user acts for the firm on the case: assigns, changes roles, says where the case stands. */
export function isFirm(place: Place): boolean {
  return place === 'handler' || place === 'admin' || place === 'staff'
}

/** Whether the user may take the person off the case. Everybody but the owner may leave it. */
export function mayRemove(place: Place, userId: string, person: Person): boolean {
  if (person.role === 'owner') return false
  if (person.userId === userId) return true
  if (place === 'owner') return person.role === 'viewer' && !person.isStaff
  return place !== 'viewer'
}
