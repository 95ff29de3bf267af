/** The members of an incident: who is looking, who is typing, and what they are called. */

import type { DashboardWebSocketClient } from '../../client/index.ts'
import { BaseStore } from '../../shared/base-store.ts'
import type { Person } from './person.ts'

export interface MembersState {
  /** Who is looking, this user included. */
  present: readonly Person[]
  /** Names of the other members who are typing. */
  typing: readonly string[]
  /** By user id, as far as their names have been read. */
  people: ReadonlyMap<string, Person>
}

export interface IncidentMembersOptions {
  client: DashboardWebSocketClient
  incidentId: string
  self: string
  readPeople(incidentId: string): Promise<Person[]>
  /** The incident's channel is joined. Changes before that have to be read. */
  joined(): void
  /** The user may no longer join the channel. */
  refused(): void
  /** The database has told of a change of a row. */
  rowChanged(table: string, record: unknown): void
}

/** Milliseconds after the last key. */
const TYPING_LASTS = 4_000

export class IncidentMembers extends BaseStore<MembersState> {
  readonly #options: IncidentMembersOptions
  readonly #session: ReturnType<DashboardWebSocketClient['joinIncident']>
  /** User id -> the timer that ends the user's typing. */
  readonly #typing = new Map<string, ReturnType<typeof setTimeout>>()
  #isReading = false

  constructor(options: IncidentMembersOptions) {
    super({ present: [], typing: [], people: new Map() })
    this.#options = options
    const session = options.client.joinIncident(options.incidentId)
    this.#session = session
    session.on('presence', (userIds) => {
      if (userIds.some((id) => !this.state.people.has(id))) void this.#readPeople()
      this.#update()
    })
    session.on('typing', ({ userId }) => this.#startTyping(userId))
    session.on('state', (state) => {
      if (state === 'live') options.joined()
    })
    session.on('error', ({ code }) => {
      if (code === 'topic_forbidden') options.refused()
    })
    session.on('message', ({ event, payload }) => {
      if (event === 'realtime_update' && typeof payload.table === 'string')
        options.rowChanged(payload.table, payload.record)
    })
    void this.#readPeople()
  }

  /** Members have come or gone. */
  changed(): void {
    void this.#readPeople()
  }

  person(userId: string): Person {
    return this.state.people.get(userId) ?? { userId, name: 'Somebody', role: '', isStaff: false }
  }

  /** The text that the user was typing has arrived. */
  stopTyping(userId: string): void {
    clearTimeout(this.#typing.get(userId))
    if (this.#typing.delete(userId)) this.#update()
  }

  override close(): void {
    super.close()
    for (const timer of this.#typing.values()) clearTimeout(timer)
    this.#session.close()
  }

  #startTyping(userId: string): void {
    if (userId === this.#options.self) return
    clearTimeout(this.#typing.get(userId))
    this.#typing.set(
      userId,
      setTimeout(() => this.stopTyping(userId), TYPING_LASTS),
    )
    if (!this.state.people.has(userId)) void this.#readPeople()
    this.#update()
  }

  async #readPeople(): Promise<void> {
    if (this.#isReading || this.isClosed) return
    this.#isReading = true
    // Members without a name are shown as `Somebody`.
    const read = await this.#options.readPeople(this.#options.incidentId).catch(() => [])
    this.#isReading = false
    // People who have left keep their names where they have written notes; the answer has them.
    if (read.length > 0) this.change({ people: new Map(read.map((person) => [person.userId, person])) })
    this.#update()
  }

  #update(): void {
    this.change({
      present: this.#session.userIds.map((userId) => this.person(userId)),
      typing: [...this.#typing.keys()].map((userId) => this.person(userId).name),
    })
  }
}
