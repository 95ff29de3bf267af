/** The incident on the screen as its members share it: presence, typing, notes, and the timeline. */

import { effect, type Signal, signal } from '@preact/signals'
import { isAboutJob } from '../../../../functions-shared/parse-message.ts'
import { isOnline } from '../../ui/surroundings.ts'
import type { Dashboard } from '../dashboard.ts'
import { pageStorage } from '../kept-data.ts'
import { createNotesRepository, createOutbox } from '../notes/notes-backend.ts'
import { NotesStore, parseNote } from '../notes/notes-store.ts'
import { CasePeopleStore } from '../people/case-people-store.ts'
import { createPeopleBackend } from '../people/people-backend.ts'
import type { IncidentActions } from './incident-actions.ts'
import { IncidentMembers } from './incident-members.ts'
import { TimelineStore } from './timeline-store.ts'

/** Messages after which the names and roles of the members are read again. */
const CHANGE_MEMBERS: ReadonlySet<string> = new Set(['member_added', 'member_removed', 'assigned'])

/** Milliseconds for which changes of rows are gathered into one read. */
const RELOAD_AFTER = 400

export class IncidentRoom {
  readonly incidentId: string
  readonly members: IncidentMembers
  readonly notes: NotesStore
  readonly timeline: TimelineStore
  readonly people: CasePeopleStore
  /** Notes of other members that came while the notes were not on the screen. */
  readonly unread: Signal<number> = signal(0)
  readonly #dashboard: Dashboard
  readonly #stops: readonly (() => void)[]
  #reload: ReturnType<typeof setTimeout> | null = null

  constructor(incidentId: string, dashboard: Dashboard, actions: Pick<IncidentActions, 'people'>) {
    const { supabase, client, userId, shown, sideTab } = dashboard
    this.incidentId = incidentId
    this.#dashboard = dashboard
    this.timeline = new TimelineStore(supabase)
    this.notes = new NotesStore({
      repository: createNotesRepository(supabase, incidentId),
      outbox: createOutbox(pageStorage(), userId, incidentId),
    })
    this.people = new CasePeopleStore({
      backend: createPeopleBackend(supabase),
      incidentId,
      self: userId,
      changed: () => dashboard.store.reload(incidentId),
    })
    this.members = new IncidentMembers({
      client,
      incidentId,
      self: userId,
      readPeople: actions.people,
      joined: () => {
        void this.notes.refresh()
        void this.people.read()
      },
      // The incident is read again, and found to be gone.
      refused: () => void dashboard.store.reload(incidentId),
      rowChanged: (table, record) => this.#rowChanged(table, record),
    })
    this.#stops = [
      client.on('message', (message) => {
        if (message.incidentId !== incidentId) return
        if (isAboutJob(message)) this.timeline.add(message)
        else if (CHANGE_MEMBERS.has(message.type)) this.members.changed()
      }),
      effect(() => {
        const incident = shown.value
        if (incident?.id === incidentId && incident.complete) void this.timeline.read(incident)
      }),
      effect(() => {
        if (sideTab.value === 'notes') this.unread.value = 0
      }),
      effect(() => {
        if (isOnline.value) void this.notes.refresh()
      }),
      // Notes are broadcast once: those that were lost have to be read.
      client.on('reload', () => void this.notes.refresh()),
    ]
  }

  close(): void {
    for (const stop of this.#stops) stop()
    if (this.#reload !== null) clearTimeout(this.#reload)
    this.members.close()
    this.timeline.close()
    this.notes.close()
    this.people.close()
  }

  #rowChanged(table: string, record: unknown): void {
    const { store, userId, sideTab } = this.#dashboard
    if (table === 'jobs' || table === 'incidents') {
      this.#reload ??= setTimeout(() => {
        this.#reload = null
        void store.reload(this.incidentId)
      }, RELOAD_AFTER)
      return
    }
    if (table === 'incident_members') void this.people.read()
    if (table !== 'case_notes') return
    this.notes.receive(record)
    const authorId = parseNote(record)?.authorId ?? null
    if (authorId !== null) this.members.stopTyping(authorId)
    if (authorId !== userId && sideTab.value !== 'notes') this.unread.value += 1
  }
}
