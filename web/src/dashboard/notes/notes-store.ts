/**
 * The case notes of one incident: those that are stored, and those on their way. A note that was written is shown at
 * once and kept in the browser until the server has it; its id, chosen here, makes sending it again harmless.
 *
 *   write ──▶ waiting ──▶ sending ──▶ stored
 *                ▲           ├── no answer ──▶ waiting (again when the connection is back, at the latest in 15 s)
 *                │           └── refused ────▶ refused, with its reason
 *                └──────────────────────────────┘ retry
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { isRecord } from '../../../../functions-shared/unknown.ts'
import { isUuid } from '../../../../functions-shared/uuid.ts'

export interface CaseNote {
  id: string
  /** Null once that account is gone. */
  authorId: string | null
  body: string
  /** ISO 8601. */
  createdAt: string
}

export interface Draft {
  id: string
  body: string
  createdAt: string
  state: 'waiting' | 'sending' | 'refused'
  /** Why it was refused. */
  reason: string | null
}

export interface NotesState {
  phase: 'loading' | 'ready' | 'failed'
  /** Oldest first. */
  notes: readonly CaseNote[]
  drafts: readonly Draft[]
  /** Whether there are older ones. */
  earlier: boolean
}

export interface NotesRepository {
  /** The newest before that note, oldest first, at most {@link NOTES_PAGE}. */
  list(before: CaseNote | null): Promise<CaseNote[]>
  /** @throws AppError of the server's refusal; anything else where there was no answer. */
  add(id: string, body: string): Promise<CaseNote>
}

export interface NotesOptions {
  repository: NotesRepository
  /** Keeps what is not sent yet; null keeps it for this page only. */
  outbox: { read(): unknown; write(drafts: readonly Draft[]): void } | null
  clock?: () => number
  newId?: () => string
  timers?: { set(callback: () => void, ms: number): unknown; clear(handle: unknown): void }
}

export const NOTES_PAGE = 50

/** Milliseconds. */
const RETRY_AFTER = 15_000

export class NotesStore {
  readonly #repository: NotesRepository
  readonly #outbox: NotesOptions['outbox']
  readonly #clock: () => number
  readonly #newId: () => string
  readonly #timers: NonNullable<NotesOptions['timers']>
  readonly #listeners = new Set<() => void>()
  #state: NotesState = { phase: 'loading', notes: [], drafts: [], earlier: false }
  #sending = false
  #retry: unknown = null
  #closed = false

  constructor({ repository, outbox, clock, newId, timers }: NotesOptions) {
    this.#repository = repository
    this.#outbox = outbox
    this.#clock = clock ?? Date.now
    this.#newId = newId ?? (() => crypto.randomUUID())
    this.#timers = timers ?? {
      set: (work, ms) => setTimeout(work, ms),
      clear: (handle) => clearTimeout(Number(handle)),
    }
    this.#state = { ...this.#state, drafts: parseDrafts(outbox?.read()) }
  }

  get state(): NotesState {
    return this.#state
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    this.#listeners.clear()
    this.#timers.clear(this.#retry)
  }

  /** Reads the newest notes, and sends what waits: at first, and whenever the connection is back. */
  async refresh(): Promise<void> {
    void this.flush()
    try {
      const page = await this.#repository.list(null)
      const earlier = this.#state.phase === 'ready' ? this.#state.earlier : page.length === NOTES_PAGE
      // Where so many were missed that the page does not reach those that are here, older ones are left out.
      const gap =
        page.length === NOTES_PAGE && !page.some(({ id }) => this.#state.notes.some((note) => note.id === id))
      const known = gap ? [] : this.#state.notes
      this.#set({ phase: 'ready', earlier: earlier || gap, notes: merge(known, page) })
      this.#forgetStored()
    } catch {
      if (this.#state.phase !== 'ready') this.#set({ phase: 'failed' })
    }
  }

  /** @throws what the server answered. */
  async loadEarlier(): Promise<void> {
    const page = await this.#repository.list(this.#state.notes[0] ?? null)
    this.#set({ earlier: page.length === NOTES_PAGE, notes: merge(this.#state.notes, page) })
  }

  /** A note that the server told of. */
  receive(record: unknown): void {
    const note = parseNote(record)
    if (note === null) return
    this.#set({ notes: merge(this.#state.notes, [note]) })
    this.#forgetStored()
  }

  write(body: string): void {
    const createdAt = new Date(this.#clock()).toISOString()
    const draft: Draft = { id: this.#newId(), body, createdAt, state: 'waiting', reason: null }
    this.#setDrafts([...this.#state.drafts, draft])
    void this.flush()
  }

  retry(id: string): void {
    this.#change(id, { state: 'waiting', reason: null })
    void this.flush()
  }

  discard(id: string): void {
    this.#setDrafts(this.#state.drafts.filter((draft) => draft.id !== id))
  }

  /** Sends what waits, in order, one after the other. */
  async flush(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    this.#timers.clear(this.#retry)
    try {
      for (let next = this.#next(); next !== undefined && !this.#closed; next = this.#next()) {
        if (!(await this.#send(next))) return
      }
    } finally {
      this.#sending = false
    }
  }

  #next(): Draft | undefined {
    return this.#state.drafts.find(({ state }) => state === 'waiting')
  }

  /** @returns whether the next one may follow. */
  async #send({ id, body }: Draft): Promise<boolean> {
    this.#change(id, { state: 'sending' })
    try {
      const note = await this.#repository.add(id, body)
      this.#set({ notes: merge(this.#state.notes, [note]) })
      this.#forgetStored()
      return true
    } catch (error) {
      if (error instanceof AppError && error.code !== 'rate_limited' && error.status < 500) {
        this.#change(id, { state: 'refused', reason: error.message })
        return true
      }
      this.#change(id, { state: 'waiting' })
      if (!this.#closed) this.#retry = this.#timers.set(() => void this.flush(), RETRY_AFTER)
      return false
    }
  }

  /** What has arrived is no draft any more, whichever way the news of it came. */
  #forgetStored(): void {
    const stored = new Set(this.#state.notes.map(({ id }) => id))
    if (this.#state.drafts.some(({ id }) => stored.has(id))) {
      this.#setDrafts(this.#state.drafts.filter(({ id }) => !stored.has(id)))
    }
  }

  #change(id: string, change: Partial<Draft>): void {
    this.#setDrafts(this.#state.drafts.map((draft) => (draft.id === id ? { ...draft, ...change } : draft)))
  }

  #setDrafts(drafts: readonly Draft[]): void {
    this.#outbox?.write(drafts)
    this.#set({ drafts })
  }

  #set(change: Partial<NotesState>): void {
    this.#state = { ...this.#state, ...change }
    if (this.#closed) return
    for (const listener of this.#listeners) listener()
  }
}

function merge(notes: readonly CaseNote[], more: readonly CaseNote[]): CaseNote[] {
  const byId = new Map([...notes, ...more].map((note) => [note.id, note]))
  return [...byId.values()].sort((a, b) => {
    const [first, second] = [Date.parse(a.createdAt), Date.parse(b.createdAt)]
    return (
      first - second ||
      (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id < b.id ? -1 : 1)
    )
  })
}

/** A row of case_notes; null where it is none. */
export function parseNote(record: unknown): CaseNote | null {
  if (!isRecord(record)) return null
  const { id, author_id: authorId, body, created_at: createdAt } = record
  if (typeof id !== 'string' || typeof body !== 'string' || typeof createdAt !== 'string') return null
  return { id, authorId: typeof authorId === 'string' ? authorId : null, body, createdAt }
}

/** What an earlier page had not sent; it is sent now. */
function parseDrafts(value: unknown): Draft[] {
  if (!Array.isArray(value)) return []
  return value
    .filter(isRecord)
    .flatMap(({ id, body, createdAt, state, reason }): Draft[] =>
      typeof id === 'string' && isUuid(id) && typeof body === 'string' && typeof createdAt === 'string'
        ? [
            state === 'refused'
              ? { id, body, createdAt, state, reason: typeof reason === 'string' ? reason : null }
              : { id, body, createdAt, state: 'waiting', reason: null },
          ]
        : [],
    )
}
