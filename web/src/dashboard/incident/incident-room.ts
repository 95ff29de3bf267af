/** The incident that is on the screen, as the place where its members meet: presence, notes, what was told about it. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../../functions-shared/database.types.ts'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import type { DashboardWebSocketClient } from '../../client/index.ts'
import { pageStorage } from '../kept-data.ts'
import { createNotesRepository, createOutbox } from '../notes/notes-backend.ts'
import { NotesStore, parseNote } from '../notes/notes-store.ts'
import { createNotesView, type NotesView } from '../notes/notes-view.ts'
import type { Incident } from '../records.ts'
import type { SidePane } from '../side-pane.ts'
import { Company } from './company.ts'
import type { Person } from './people.ts'
import { TimelineSource } from './timeline.ts'

export interface RoomOptions {
  supabase: SupabaseClient<Database>
  client: DashboardWebSocketClient
  userId: string
  side: SidePane
  people(incidentId: string): Promise<Person[]>
  /** The rows have changed. */
  reload(): void
  /** Notes of others that came while the notes were not on the screen. */
  unread(count: number): void
  complain(title: string, message: string): void
  changed(): void
}

/** Milliseconds: news of jobs and of the incident that come in a row lead to one read. */
const RELOAD_AFTER = 400

export class IncidentRoom {
  readonly incidentId: string
  readonly company: Company
  readonly #options: RoomOptions
  readonly #store: NotesStore
  readonly #view: NotesView
  readonly #timeline: TimelineSource
  readonly #stop = new AbortController()
  #unread = 0
  #reload: ReturnType<typeof setTimeout> | null = null

  constructor(incidentId: string, options: RoomOptions) {
    this.incidentId = incidentId
    this.#options = options
    const { supabase, client, userId } = options
    this.#timeline = new TimelineSource(supabase)
    this.#store = new NotesStore({
      repository: createNotesRepository(supabase, incidentId),
      outbox: createOutbox(pageStorage(), userId, incidentId),
    })
    this.#view = createNotesView({
      self: userId,
      nameOf: (id) => (id === null ? 'Somebody who left' : this.company.person(id).name),
      write: (body) => this.#store.write(body),
      typing: () => {
        // That somebody is not seen typing is no reason to disturb them.
        client.sendTyping(incidentId).catch(() => undefined)
      },
      retry: (id) => this.#store.retry(id),
      discard: (id) => this.#store.discard(id),
      loadEarlier: () => void this.#loadEarlier(),
      reload: () => void this.#store.refresh(),
    })
    this.#store.subscribe(options.changed)
    this.company = new Company({
      client,
      incidentId,
      self: userId,
      people: options.people,
      changed: options.changed,
      live: () => void this.#store.refresh(),
      told: (table, record) => this.#told(table, record),
    })
    window.addEventListener('online', () => void this.#store.refresh(), { signal: this.#stop.signal })
    void this.#store.refresh()
  }

  get notes(): HTMLElement {
    return this.#view.element
  }

  get messages(): readonly JobMessage[] {
    return this.#timeline.messages
  }

  message(message: JobMessage): void {
    if (message.incidentId === this.incidentId) this.#timeline.add(message)
  }

  update(incident: Incident, now: number): void {
    if (incident.complete) void this.#timeline.read(incident).then((news) => news && this.#options.changed())
    this.#view.update(this.#store.state, this.company.typing, now)
  }

  /** Those who were told how many came have looked. */
  notesSeen(): void {
    this.#unread = 0
    this.#options.unread(0)
  }

  close(): void {
    this.#stop.abort()
    if (this.#reload !== null) clearTimeout(this.#reload)
    this.company.close()
    this.#store.close()
  }

  async #loadEarlier(): Promise<void> {
    try {
      await this.#store.loadEarlier()
    } catch {
      this.#options.complain('Earlier notes could not be read', 'Try again in a moment.')
    }
  }

  #told(table: string, record: unknown): void {
    if (table === 'jobs' || table === 'incidents') {
      this.#reload ??= setTimeout(() => {
        this.#reload = null
        this.#options.reload()
      }, RELOAD_AFTER)
      return
    }
    if (table !== 'case_notes') return
    this.#store.receive(record)
    const authorId = parseNote(record)?.authorId ?? null
    if (authorId !== null) this.company.hasWritten(authorId)
    if (authorId !== this.#options.userId && this.#options.side.selected !== 'notes') {
      this.#unread += 1
      this.#options.unread(this.#unread)
    }
  }
}
