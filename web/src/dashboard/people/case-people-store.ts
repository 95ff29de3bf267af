/** The people on the case on the screen, its state, and the changes that the user may make to both. */

import type { Person } from '../incident/person.ts'
import type { CaseState } from '../records.ts'
import { type ChangingState, ChangingStore } from './changes.ts'
import type { Invitation } from './invitation.ts'
import type { PeopleBackend, StaffPerson } from './people-backend.ts'
import { membersOf, type Place, placeOf, STATE_WORDS } from './places.ts'

interface CasePeople {
  members: readonly Person[]
  invitations: readonly Invitation[]
  /** Empty for people who are not staff. */
  staff: readonly StaffPerson[]
  /** What the user is to the case; null until that has been read. */
  place: Place | null
  /** The state that the user has just set; null: as the incident says. */
  caseState: CaseState | null
}

export type CasePeopleState = ChangingState<CasePeople>

export interface CasePeopleOptions {
  backend: PeopleBackend
  incidentId: string
  self: string
  /** The incident's row has changed, or the user has left the case. */
  changed(): Promise<void>
}

export class CasePeopleStore extends ChangingStore<CasePeople> {
  readonly #options: CasePeopleOptions

  constructor(options: CasePeopleOptions) {
    super({ members: [], invitations: [], staff: [], place: null, caseState: null })
    this.#options = options
    void this.read()
  }

  take(): Promise<boolean> {
    const { backend, incidentId, self } = this.#options
    return this.attempt(
      (data) => ({ members: withHandler(data, self), place: 'handler' }),
      async () => {
        await backend.take(incidentId)
        await this.#options.changed()
        return 'The case is yours.'
      },
    )
  }

  setCaseState(caseState: CaseState): Promise<boolean> {
    const { backend, incidentId } = this.#options
    return this.attempt(
      () => ({ caseState }),
      async () => {
        await backend.setState(incidentId, caseState)
        await this.#options.changed()
        return `State: ${STATE_WORDS[caseState]}.`
      },
    )
  }

  add(email: string, role: string): Promise<boolean> {
    const { backend, incidentId } = this.#options
    return this.attempt(
      () => ({}),
      async () =>
        (await backend.addMember(incidentId, email, role)) === 'added'
          ? `${email} is on the case.`
          : `${email} gets a mail with a link to the case.`,
    )
  }

  assign(userId: string): Promise<boolean> {
    const { backend, incidentId } = this.#options
    return this.attempt(
      (data) => ({ members: withHandler(data, userId) }),
      async () => {
        await backend.assign(incidentId, userId)
        await this.#options.changed()
        const person = this.state.data.staff.find((each) => each.userId === userId)
        return `${person?.name ?? 'The person'} handles the case.`
      },
    )
  }

  setRole({ userId, name }: Person, role: string): Promise<boolean> {
    const { backend, incidentId } = this.#options
    const changed = (members: readonly Person[]) =>
      membersOf(members.map((each) => (each.userId === userId ? { ...each, role } : each)))
    return this.attempt(
      ({ members }) => ({ members: changed(members) }),
      async () => {
        await backend.setMemberRole(incidentId, userId, role)
        await this.#options.changed()
        return `${name} is a ${role} now.`
      },
    )
  }

  remove({ userId, name }: Person): Promise<boolean> {
    const { backend, incidentId, self } = this.#options
    const without = (members: readonly Person[]) => members.filter((each) => each.userId !== userId)
    return this.attempt(
      ({ members }) => ({ members: without(members) }),
      async () => {
        await backend.removeMember(incidentId, userId)
        await this.#options.changed()
        return userId === self ? 'You have left the case.' : `${name} is no longer on the case.`
      },
    )
  }

  withdraw({ id, email }: Invitation): Promise<boolean> {
    const without = (invitations: readonly Invitation[]) => invitations.filter((each) => each.id !== id)
    return this.attempt(
      ({ invitations }) => ({ invitations: without(invitations) }),
      async () => {
        await this.#options.backend.withdraw(id)
        return `The invitation of ${email} is withdrawn.`
      },
    )
  }

  protected async load(): Promise<CasePeople> {
    const { backend, incidentId, self } = this.#options
    const [people, invitations, staff] = await Promise.all([
      backend.people(incidentId),
      backend.invitations(incidentId),
      backend.staff(),
    ])
    const staffRole = staff.find(({ userId }) => userId === self)?.role ?? null
    return {
      members: membersOf(people),
      invitations,
      staff,
      place: placeOf(people, self, staffRole),
      caseState: null,
    }
  }
}

/** The members when a person of the staff is a handler among them. */
function withHandler({ members, staff }: CasePeople, userId: string): Person[] {
  const person = staff.find((each) => each.userId === userId)
  const others = members.filter((each) => each.userId !== userId)
  return membersOf([
    ...others,
    ...(person === undefined ? [] : [{ ...person, role: 'handler', isStaff: true }]),
  ])
}
