/** The others on an incident: who is looking, who is typing, what they are called, and what they tell each other. */

import type { DashboardWebSocketClient } from '../../client/index.ts'
import type { Person } from './people.ts'

export interface CompanyOptions {
  client: DashboardWebSocketClient
  incidentId: string
  self: string
  people(incidentId: string): Promise<Person[]>
  changed(): void
  /** The channel flows: what was told meanwhile has to be read. */
  live(): void
  /** The database told the members of a change; `record` where it says which. */
  told(table: string, record: unknown): void
}

/** Milliseconds after the last key. */
const TYPING_LASTS = 4_000

export class Company {
  readonly #options: CompanyOptions
  readonly #session: ReturnType<DashboardWebSocketClient['joinIncident']>
  readonly #typing = new Map<string, ReturnType<typeof setTimeout>>()
  readonly #names = new Map<string, Person>()
  #reading = false
  #closed = false

  constructor(options: CompanyOptions) {
    this.#options = options
    const session = options.client.joinIncident(options.incidentId)
    this.#session = session
    session.on('presence', (userIds) => {
      if (userIds.some((id) => !this.#names.has(id))) void this.#read()
      options.changed()
    })
    session.on('typing', ({ userId }) => this.#types(userId))
    session.on('state', (state) => {
      if (state === 'live') options.live()
    })
    session.on('message', ({ event, payload }) => {
      if (event !== 'realtime_update' || typeof payload.table !== 'string') return
      options.told(payload.table, payload.record)
    })
    void this.#read()
  }

  /** Who is looking, this user included. */
  get present(): Person[] {
    return this.#session.userIds.map((userId) => this.person(userId))
  }

  /** Names of the others who are typing. */
  get typing(): string[] {
    return [...this.#typing.keys()].map((userId) => this.person(userId).name)
  }

  person(userId: string): Person {
    return this.#names.get(userId) ?? { userId, name: 'Somebody', role: '' }
  }

  /** What they were typing has arrived. */
  hasWritten(userId: string): void {
    this.#stopTyping(userId)
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#typing.values()) clearTimeout(timer)
    this.#session.close()
  }

  #types(userId: string): void {
    if (userId === this.#options.self) return
    clearTimeout(this.#typing.get(userId))
    this.#typing.set(
      userId,
      setTimeout(() => this.#stopTyping(userId), TYPING_LASTS),
    )
    if (!this.#names.has(userId)) void this.#read()
    this.#options.changed()
  }

  #stopTyping(userId: string): void {
    clearTimeout(this.#typing.get(userId))
    if (this.#typing.delete(userId)) this.#options.changed()
  }

  async #read(): Promise<void> {
    if (this.#reading || this.#closed) return
    this.#reading = true
    // Without their names they are shown as somebody.
    const people = await this.#options.people(this.#options.incidentId).catch(() => [])
    this.#reading = false
    if (this.#closed) return
    for (const person of people) this.#names.set(person.userId, person)
    this.#options.changed()
  }
}
