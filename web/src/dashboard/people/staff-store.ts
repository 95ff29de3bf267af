/** The firm's staff, and the changes that admins make to it. */

import { ChangingStore } from './changes.ts'
import type { Invitation } from './invitation.ts'
import type { PeopleBackend, StaffPerson } from './people-backend.ts'
import type { StaffRole } from './places.ts'

interface Staff {
  staff: readonly StaffPerson[]
  invitations: readonly Invitation[]
  isAdmin: boolean
}

export class StaffStore extends ChangingStore<Staff> {
  readonly #backend: PeopleBackend
  readonly #self: string

  constructor(backend: PeopleBackend, self: string) {
    super({ staff: [], invitations: [], isAdmin: false })
    this.#backend = backend
    this.#self = self
    void this.read()
  }

  add(email: string, role: StaffRole): Promise<boolean> {
    return this.attempt(
      () => ({}),
      async () =>
        (await this.#backend.addStaff(email, role)) === 'added'
          ? `${email} is on the staff.`
          : `${email} gets a mail with an invitation.`,
    )
  }

  setRole({ userId, name }: StaffPerson, role: StaffRole): Promise<boolean> {
    const changed = (staff: readonly StaffPerson[]) =>
      staff.map((each) => (each.userId === userId ? { ...each, role } : each))
    return this.attempt(
      ({ staff }) => ({ staff: changed(staff) }),
      async () => {
        await this.#backend.setStaffRole(userId, role)
        return role === 'admin' ? `${name} is an admin now.` : `${name} is no longer an admin.`
      },
    )
  }

  remove({ userId, name }: StaffPerson): Promise<boolean> {
    const without = (staff: readonly StaffPerson[]) => staff.filter((each) => each.userId !== userId)
    return this.attempt(
      ({ staff }) => ({ staff: without(staff) }),
      async () => {
        await this.#backend.removeStaff(userId)
        return `${name} is no longer on the staff, and handles no case.`
      },
    )
  }

  withdraw({ id, email }: Invitation): Promise<boolean> {
    const without = (invitations: readonly Invitation[]) => invitations.filter((each) => each.id !== id)
    return this.attempt(
      ({ invitations }) => ({ invitations: without(invitations) }),
      async () => {
        await this.#backend.withdraw(id)
        return `The invitation of ${email} is withdrawn.`
      },
    )
  }

  protected async load(): Promise<Staff> {
    const staff = await this.#backend.staff()
    const isAdmin = staff.some(({ userId, role }) => userId === this.#self && role === 'admin')
    return { staff, isAdmin, invitations: isAdmin ? await this.#backend.invitations(null) : [] }
  }
}
