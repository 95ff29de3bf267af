import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../functions-shared/app-error.ts'
import type { Person } from '../incident/person.ts'
import { CasePeopleStore } from './case-people-store.ts'
import type { PeopleBackend, StaffPerson } from './people-backend.ts'
import { mayRemove, placeOf } from './places.ts'
import { StaffStore } from './staff-store.ts'

const OWNER: Person = { userId: 'ann', name: 'Ann', role: 'owner', isStaff: false }
const VIEWER: Person = { userId: 'cleo', name: 'Cleo', role: 'viewer', isStaff: false }
const HANDLER: Person = { userId: 'bob', name: 'Bob', role: 'handler', isStaff: true }
const BOB: StaffPerson = { userId: 'bob', name: 'Bob', email: 'bob@claimwire.test', role: 'handler' }
const DORA: StaffPerson = { userId: 'dora', name: 'Dora', email: 'dora@claimwire.test', role: 'admin' }

/** Calls wait until the test answers them. Reads answer at once. */
class FakeBackend implements PeopleBackend {
  members: Person[] = [OWNER, VIEWER]
  staffPeople: StaffPerson[] = [BOB, DORA]
  readonly calls: string[] = []
  #answer: ((refusal?: Error) => void)[] = []

  people = async () => this.members
  invitations = async () => []
  staff = async () => this.staffPeople
  addMember = async (_: string, email: string, role: string) => {
    await this.#called(`add ${email} ${role}`)
    return 'invited' as const
  }
  removeMember = (_: string, userId: string) => this.#called(`remove ${userId}`)
  setMemberRole = (_: string, userId: string, role: string) => this.#called(`role ${userId} ${role}`)
  assign = (_: string, userId: string) => this.#called(`assign ${userId}`)
  take = () => this.#called('take')
  setState = (_: string, state: string) => this.#called(`state ${state}`)
  withdraw = (id: string) => this.#called(`withdraw ${id}`)
  acceptInvitations = async () => 0
  addStaff = async (email: string) => {
    await this.#called(`add ${email}`)
    return 'added' as const
  }
  setStaffRole = (userId: string, role: string) => this.#called(`role ${userId} ${role}`)
  removeStaff = (userId: string) => this.#called(`remove ${userId}`)

  async answer(refusal?: Error): Promise<void> {
    this.#answer.shift()?.(refusal)
    await settled()
  }

  #called(call: string): Promise<void> {
    this.calls.push(call)
    return new Promise((resolve, reject) => {
      this.#answer.push((refusal) => (refusal === undefined ? resolve() : reject(refusal)))
    })
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
}

async function caseOf(self: string) {
  const backend = new FakeBackend()
  const store = new CasePeopleStore({ backend, incidentId: 'case', self, changed: async () => undefined })
  await settled()
  const names = () => store.state.data.members.map(({ name, role }) => `${name} ${role}`)
  return { backend, store, names }
}

describe('people on a case', () => {
  it('show a change at once, and keep it when the server accepts it', async () => {
    const { backend, store, names } = await caseOf('bob')
    expect(store.state.data.place).toBe('staff')
    void store.take()
    await settled()
    expect([store.state.data.place, ...names()]).toEqual([
      'handler',
      'Ann owner',
      'Bob handler',
      'Cleo viewer',
    ])
    backend.members = [OWNER, VIEWER, HANDLER]
    await backend.answer()
    expect(store.state).toMatchObject({ isBusy: false, problem: '', done: 'The case is yours.' })
    expect(names()).toContain('Bob handler')
  })

  it('take a change back when the server refuses it, and say why', async () => {
    const { backend, store, names } = await caseOf('bob')
    void store.take()
    await settled()
    await backend.answer(new AppError('incident_taken'))
    expect(names()).toEqual(['Ann owner', 'Cleo viewer'])
    expect(store.state).toMatchObject({ problem: new AppError('incident_taken').message, done: '' })
    void store.remove(VIEWER)
    await settled()
    expect([...names(), store.state.problem]).toEqual(['Ann owner', ''])
    await backend.answer(new Error('no network'))
    expect([names().length, store.state.problem.includes('did not answer')]).toEqual([2, true])
  })

  it('make changes one after another, none of them lost', async () => {
    const { backend, store } = await caseOf('dora')
    void store.assign('bob')
    void store.setCaseState('in_progress')
    await settled()
    expect(backend.calls).toEqual(['assign bob'])
    await backend.answer()
    expect(backend.calls).toEqual(['assign bob', 'state in_progress'])
    expect(store.state.data.caseState).toBe('in_progress')
    await backend.answer()
    expect(store.state.done).toBe('State: In progress.')
  })

  it('keep showing a change while rows from before it arrive', async () => {
    const { backend, store, names } = await caseOf('ann')
    void store.remove(VIEWER)
    const reading = store.read()
    await settled()
    expect(names()).toEqual(['Ann owner'])
    backend.members = [OWNER]
    await backend.answer()
    await reading
    expect(names()).toEqual(['Ann owner'])
  })
})

describe('places', () => {
  it('are those of the database', () => {
    expect(placeOf([OWNER], 'ann', 'admin')).toBe('owner')
    expect(placeOf([OWNER, HANDLER], 'bob', 'handler')).toBe('handler')
    expect(placeOf([OWNER, HANDLER], 'dora', 'admin')).toBe('admin')
    expect(placeOf([OWNER], 'bob', 'handler')).toBe('staff')
    expect(placeOf([OWNER, VIEWER], 'cleo', null)).toBe('viewer')
  })

  it('offer no removal that the database refuses', () => {
    const staffViewer = { ...HANDLER, role: 'viewer' }
    expect([OWNER, VIEWER, HANDLER, staffViewer].map((person) => mayRemove('owner', 'ann', person))).toEqual([
      false,
      true,
      false,
      false,
    ])
    expect([OWNER, VIEWER, HANDLER].map((person) => mayRemove('viewer', 'cleo', person))).toEqual([
      false,
      true,
      false,
    ])
    expect([OWNER, VIEWER, HANDLER].map((person) => mayRemove('handler', 'bob', person))).toEqual([
      false,
      true,
      true,
    ])
  })
})

describe('the staff', () => {
  it('is for admins, and the last admin stays', async () => {
    const backend = new FakeBackend()
    const store = new StaffStore(backend, 'dora')
    await settled()
    expect(store.state.data.isAdmin).toBe(true)
    void store.remove(DORA)
    await settled()
    expect(store.state.data.staff).toEqual([BOB])
    await backend.answer(new AppError('last_admin'))
    expect(store.state).toMatchObject({
      data: { staff: [BOB, DORA] },
      problem: new AppError('last_admin').message,
    })
  })
})
