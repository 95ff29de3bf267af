import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../functions-shared/app-error.ts'
import { type CaseNote, type Draft, NOTES_PAGE, type NotesRepository, NotesStore } from './notes-store.ts'

const id = (number: number) => `0a3f1c52-7f0e-4c7e-9a53-${String(number).padStart(12, '0')}`

function note(number: number): CaseNote {
  return {
    id: id(number),
    authorId: 'a',
    body: `note ${number}`,
    createdAt: new Date(number * 1000).toISOString(),
  }
}

/** The table of notes: a note is stored even where its answer is lost. */
class FakeBackend implements NotesRepository {
  stored: CaseNote[] = []
  readonly added: string[] = []
  fault: 'none' | 'unreachable' | 'answer lost' | AppError = 'none'

  async list(before: CaseNote | null): Promise<CaseNote[]> {
    if (this.fault === 'unreachable') throw new TypeError('Failed to fetch')
    const older =
      before === null ? this.stored : this.stored.filter((each) => each.createdAt < before.createdAt)
    return older.slice(-NOTES_PAGE)
  }

  async add(noteId: string, body: string): Promise<CaseNote> {
    this.added.push(noteId)
    if (this.fault === 'unreachable') throw new TypeError('Failed to fetch')
    if (this.fault instanceof AppError) throw this.fault
    const known = this.stored.find((each) => each.id === noteId)
    const stored = known ?? { id: noteId, authorId: 'me', body, createdAt: new Date(9e9).toISOString() }
    if (known === undefined) this.stored.push(stored)
    if (this.fault === 'answer lost') throw new TypeError('Failed to fetch')
    return stored
  }
}

function setup(kept: unknown = []) {
  const backend = new FakeBackend()
  let outbox: unknown = kept
  const waiting: (() => void)[] = []
  let number = 100
  const store = new NotesStore({
    repository: backend,
    outbox: { read: () => outbox, write: (drafts: readonly Draft[]) => (outbox = structuredClone(drafts)) },
    newId: () => id(number++),
    timers: { set: (work) => waiting.push(work), clear: () => undefined },
  })
  const later = async (): Promise<void> => {
    waiting.pop()?.()
    await settled()
  }
  return { backend, store, outbox: () => outbox, later }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve()
}

const bodies = (store: NotesStore) => store.state.notes.map(({ body }) => body)
const drafts = (store: NotesStore) => store.state.drafts.map(({ body, state }) => `${body}: ${state}`)

describe('writing', () => {
  it('shows the note at once and stores it', async () => {
    const { backend, store } = setup()
    store.write('hello')
    expect(drafts(store)).toEqual(['hello: sending'])
    await settled()
    expect([bodies(store), drafts(store), backend.stored.length]).toEqual([['hello'], [], 1])
  })

  it('keeps notes that cannot be sent across a reload, and sends each once and in order', async () => {
    const first = setup()
    first.backend.fault = 'unreachable'
    first.store.write('one')
    first.store.write('two')
    await settled()
    expect(drafts(first.store)).toEqual(['one: waiting', 'two: waiting'])

    const second = setup(first.outbox())
    await second.store.refresh()
    await settled()
    expect(bodies(second.store)).toEqual(['one', 'two'])
    expect(second.outbox()).toEqual([])
  })

  it('adds a note once where the answer is lost', async () => {
    const { backend, store, later } = setup()
    backend.fault = 'answer lost'
    store.write('hello')
    await settled()
    expect(drafts(store)).toEqual(['hello: waiting'])
    backend.fault = 'none'
    await later()
    expect([bodies(store), drafts(store), backend.stored.length]).toEqual([['hello'], [], 1])
    expect(new Set(backend.added).size).toBe(1)
  })

  it("removes a draft whose note arrives by the incident's channel", async () => {
    const { backend, store } = setup()
    backend.fault = 'answer lost'
    store.write('hello')
    await settled()
    const [stored] = backend.stored
    store.receive({ id: stored?.id, author_id: 'me', body: 'hello', created_at: stored?.createdAt })
    expect([bodies(store), drafts(store)]).toEqual([['hello'], []])
  })

  it('keeps the text and the reason of a note that was refused, and sends the notes after it', async () => {
    const { backend, store } = setup()
    backend.fault = new AppError('message_too_large')
    store.write('long')
    await settled()
    backend.fault = 'none'
    store.write('short')
    await settled()
    expect(store.state.drafts).toMatchObject([
      { body: 'long', state: 'refused', reason: expect.stringContaining('larger') },
    ])
    expect(bodies(store)).toEqual(['short'])
    store.retry(store.state.drafts[0]?.id ?? '')
    await settled()
    expect(store.state.drafts).toEqual([])
  })

  it('keeps a note waiting while the server limits the rate', async () => {
    const { backend, store, later } = setup()
    backend.fault = new AppError('rate_limited')
    store.write('hello')
    await settled()
    expect(drafts(store)).toEqual(['hello: waiting'])
    backend.fault = 'none'
    await later()
    expect(bodies(store)).toEqual(['hello'])
  })
})

describe('a store that is closed while it sends', () => {
  it('leaves no draft behind of a note that was stored', async () => {
    const { store, outbox } = setup()
    store.write('hello')
    store.close()
    await settled()
    expect(outbox()).toEqual([])
  })
})

describe('reading', () => {
  it('shows each note once, in order, however it came', async () => {
    const { backend, store } = setup()
    backend.stored = [note(1), note(3)]
    await store.refresh()
    store.receive({ id: id(2), author_id: 'a', body: 'note 2', created_at: note(2).createdAt })
    store.receive({ id: id(2), author_id: 'a', body: 'note 2', created_at: note(2).createdAt })
    store.receive({ nonsense: true })
    await store.refresh()
    expect(bodies(store)).toEqual(['note 1', 'note 2', 'note 3'])
  })

  it('goes back in pages, and leaves no gap after a long absence', async () => {
    const { backend, store } = setup()
    backend.stored = Array.from({ length: 60 }, (_, index) => note(index + 1))
    await store.refresh()
    expect([store.state.notes.length, store.state.earlier]).toEqual([50, true])
    await store.loadEarlier()
    expect([store.state.notes.length, store.state.earlier]).toEqual([60, false])
    backend.stored = Array.from({ length: 200 }, (_, index) => note(index + 1))
    await store.refresh()
    expect([bodies(store)[0], store.state.earlier]).toEqual(['note 151', true])
  })

  it('that fails at first fails the phase; one that fails later keeps the notes', async () => {
    const { backend, store } = setup()
    backend.fault = 'unreachable'
    await store.refresh()
    expect(store.state.phase).toBe('failed')
    backend.fault = 'none'
    await store.refresh()
    backend.fault = 'unreachable'
    await store.refresh()
    expect(store.state.phase).toBe('ready')
  })
})
