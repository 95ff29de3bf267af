/**
 * The case notes of one incident: notes in the table, and drafts that the server has not confirmed. A draft is shown at
 * once and kept in the browser until the note is in the table. The draft's id becomes the note's, so that sending a draft
 * twice adds one note.
 *
 *   write ──▶ waiting ──▶ sending ──▶ stored
 *                ▲           ├── no answer ──▶ waiting (again when the connection is back, at the latest in 15 s)
 *                │           └── refused ────▶ refused, with its reason
 *                └──────────────────────────────┘ retry
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { isRecord } from '../../../../functions-shared/unknown.ts'
import { isUuid } from '../../../../functions-shared/uuid.ts'
import { BaseStore } from '../../shared/base-store.ts'

export interface CaseNote {
  id: string
  /** Null once the author's account is deleted. */
  authorId: string | null
  body: string
  /** ISO 8601. */
  createdAt: string
}

export interface Draft {
  id: string
  body: string
  /** Ids of the members whom the note mentions. */
  mentions: readonly string[]
  createdAt: string
  state: 'waiting' | 'sending' | 'refused'
  /** Why the server refused the draft. */
  reason: string | null
}

export interface NotesState {
  phase: 'loading' | 'ready' | 'failed'
  /** Oldest first. */
  notes: readonly CaseNote[]
  drafts: readonly Draft[]
  /** Whether the table has older notes. */
  earlier: boolean
}

export interface NotesRepository {
  /** The newest notes before the given one, or of all; oldest first, at most {@link NOTES_PAGE}. */
  list(before: CaseNote | null): Promise<CaseNote[]>
  /** @throws AppError for a refusal; any other error where the server did not answer. */
  add(id: string, body: string, mentions: readonly string[]): Promise<CaseNote>
}

export interface NotesOptions {
  repository: NotesRepository
  /** Keeps drafts across reloads; null keeps them for this page only. */
  outbox: { read(): unknown; write(drafts: readonly Draft[]): void } | null
  clock?: () => number
  newId?: () => string
  timers?: { set(callback: () => void, ms: number): unknown; clear(handle: unknown): void }
}

export const NOTES_PAGE = 50

/** Milliseconds after which a draft that was not sent is sent again. */
const RETRY_AFTER = 15_000

export class NotesStore extends BaseStore<NotesState> {
  readonly #repository: NotesRepository
  readonly #outbox: NotesOptions['outbox']
  readonly #clock: () => number
  readonly #newId: () => string
  readonly #timers: NonNullable<NotesOptions['timers']>
  #isSending = false
  #retry: unknown = null

  constructor({ repository, outbox, clock, newId, timers }: NotesOptions) {
    super({ phase: 'loading', notes: [], drafts: parseDrafts(outbox?.read()), earlier: false })
    this.#repository = repository
    this.#outbox = outbox
    this.#clock = clock ?? Date.now
    this.#newId = newId ?? (() => crypto.randomUUID())
    this.#timers = timers ?? {
      set: (work, ms) => setTimeout(work, ms),
      clear: (handle) => clearTimeout(Number(handle)),
    }
  }

  override close(): void {
    super.close()
    this.#timers.clear(this.#retry)
  }

  /** Reads the newest notes, and sends waiting drafts: at the start, and whenever the connection is back. */
  async refresh(): Promise<void> {
    void this.flush()
    try {
      const page = await this.#repository.list(null)
      const earlier = this.state.phase === 'ready' ? this.state.earlier : page.length === NOTES_PAGE
      // More notes were missed than a page has: the notes known so far are left out, or there would be a gap between them.
      const gap =
        page.length === NOTES_PAGE && !page.some(({ id }) => this.state.notes.some((note) => note.id === id))
      const known = gap ? [] : this.state.notes
      this.change({ phase: 'ready', earlier: earlier || gap, notes: merge(known, page) })
      this.#forgetStored()
    } catch {
      if (this.state.phase !== 'ready') this.change({ phase: 'failed' })
    }
  }

  /** @throws the server's error. */
  async loadEarlier(): Promise<void> {
    const page = await this.#repository.list(this.state.notes[0] ?? null)
    this.change({ earlier: page.length === NOTES_PAGE, notes: merge(this.state.notes, page) })
  }

  /** @param record a row of case_notes from the incident's channel. */
  receive(record: unknown): void {
    const note = parseNote(record)
    if (note === null) return
    this.change({ notes: merge(this.state.notes, [note]) })
    this.#forgetStored()
  }

  write(body: string, mentions: readonly string[] = []): void {
    const createdAt = new Date(this.#clock()).toISOString()
    const draft: Draft = {
      id: this.#newId(),
      body,
      mentions,
      createdAt,
      state: 'waiting',
      reason: null,
    }
    this.#setDrafts([...this.state.drafts, draft])
    void this.flush()
  }

  retry(id: string): void {
    this.#changeDraft(id, { state: 'waiting', reason: null })
    void this.flush()
  }

  discard(id: string): void {
    this.#setDrafts(this.state.drafts.filter((draft) => draft.id !== id))
  }

  /** Sends waiting drafts in order, one after the other. */
  async flush(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    this.#timers.clear(this.#retry)
    try {
      for (let next = this.#next(); next !== undefined && !this.isClosed; next = this.#next()) {
        if (!(await this.#send(next))) return
      }
    } finally {
      this.#isSending = false
    }
  }

  #next(): Draft | undefined {
    return this.state.drafts.find(({ state }) => state === 'waiting')
  }

  /** @returns whether the next draft may follow. */
  async #send({ id, body, mentions }: Draft): Promise<boolean> {
    this.#changeDraft(id, { state: 'sending' })
    try {
      const note = await this.#repository.add(id, body, mentions)
      this.change({ notes: merge(this.state.notes, [note]) })
      // Also where the store was closed meanwhile: the draft leaves the browser's storage.
      this.discard(id)
      return true
    } catch (error) {
      if (error instanceof AppError && error.code !== 'rate_limited' && error.status < 500) {
        this.#changeDraft(id, { state: 'refused', reason: error.message })
        return true
      }
      this.#changeDraft(id, { state: 'waiting' })
      if (!this.isClosed) this.#retry = this.#timers.set(() => void this.flush(), RETRY_AFTER)
      return false
    }
  }

  /** Removes drafts whose notes are in the table, whether by this page's request or by the incident's channel. */
  #forgetStored(): void {
    const stored = new Set(this.state.notes.map(({ id }) => id))
    if (this.state.drafts.some(({ id }) => stored.has(id))) {
      this.#setDrafts(this.state.drafts.filter(({ id }) => !stored.has(id)))
    }
  }

  #changeDraft(id: string, change: Partial<Draft>): void {
    this.#setDrafts(this.state.drafts.map((draft) => (draft.id === id ? { ...draft, ...change } : draft)))
  }

  #setDrafts(drafts: readonly Draft[]): void {
    this.#outbox?.write(drafts)
    this.change({ drafts })
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

/** @returns null where the record is not a row of case_notes. */
export function parseNote(record: unknown): CaseNote | null {
  if (!isRecord(record)) return null
  const { id, author_id: authorId, body, created_at: createdAt } = record
  if (typeof id !== 'string' || typeof body !== 'string' || typeof createdAt !== 'string') return null
  return { id, authorId: typeof authorId === 'string' ? authorId : null, body, createdAt }
}

/** Drafts that an earlier page had not sent. They are sent now. */
function parseDrafts(value: unknown): Draft[] {
  if (!Array.isArray(value)) return []
  return value.filter(isRecord).flatMap(({ id, body, mentions, createdAt, state, reason }): Draft[] => {
    if (typeof id !== 'string' || !isUuid(id)) return []
    if (typeof body !== 'string' || typeof createdAt !== 'string') return []
    const draft = { id, body, mentions: idsOf(mentions), createdAt }
    return state === 'refused'
      ? [{ ...draft, state, reason: typeof reason === 'string' ? reason : null }]
      : [{ ...draft, state: 'waiting', reason: null }]
  })
}

function idsOf(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((each): each is string => typeof each === 'string' && isUuid(each))
    : []
}
