import { describe, expect, it, vi } from 'vitest'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { ImageMessage, NotificationReadMessage } from '../../../functions-shared/message-types.ts'
import { Emitter } from '../client/emitter.ts'
import type { ClientEvents } from '../client/index.ts'
import type { InboxSource, Notice } from './source.ts'
import { InboxStore } from './store.ts'

function image(seq: number, jobId = `job-${seq}`): ImageMessage & { seq: number; epoch: string } {
  return {
    type: 'image_processed',
    jobId,
    incidentId: 'incident-1',
    documentId: `document-${seq}`,
    documentType: 'photo',
    status: 'completed',
    timestamp: '2026-11-23T10:00:00.000Z',
    seq,
    epoch: 'e',
  }
}

const row = (seq: number, fields: Partial<Notice> = {}): Notice => ({
  seq,
  message: image(seq),
  seen: false,
  read: false,
  done: false,
  ...fields,
})

function setUp(rows: Notice[] = [], pageSize = 3) {
  const emitter = new Emitter<ClientEvents>((_event, cause) => {
    throw cause
  })
  const counts = { lastSeq: rows.length, unreadCount: 0, unseenCount: 0 }
  const mark = vi.fn(async (_target: readonly number[] | { upTo: number }) => 1)
  const pages: (number | null)[] = []
  let gate: Promise<void> = Promise.resolve()
  let failing = false
  const source: InboxSource = {
    async readPage({ before, limit, filter }) {
      pages.push(before)
      const found = rows
        .filter(
          ({ seq, read, done }) =>
            (before === null || seq < before) && !(filter.unreadOnly && read) && done === filter.done,
        )
        .sort((one, other) => other.seq - one.seq)
        .slice(0, limit)
      await gate
      if (failing) throw new AppError('history_unavailable')
      return found
    },
    readNames: async ({ documents, incidents }) => ({
      documents: new Map(documents.map((id) => [id, `name of ${id}`])),
      incidents: new Map(incidents.map((id) => [id, `title of ${id}`])),
    }),
    reportUrl: async () => null,
  }
  const store = new InboxStore({
    source,
    pageSize,
    client: {
      on: (name, listener) => emitter.on(name, listener),
      markRead: mark,
      markUnread: mark,
      markSeen: mark,
      markDone: mark,
      getState: () => ({
        state: 'live',
        isConnected: true,
        isReading: false,
        userId: 'user-1',
        recovered: true,
        latencyMs: null,
        reconnectAttempts: 0,
        retryAt: null,
        reason: null,
        ...counts,
      }),
    },
  })
  return {
    store,
    emitter,
    rows,
    mark,
    pages,
    counts,
    fail: (value: boolean) => {
      failing = value
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
    seqs: () => store.state.items.map(({ seq }) => seq),
    tell: (...messages: ImageMessage[]) =>
      emitter.emit(
        'batch',
        messages.map((message) => ({ message, delivery: { replayed: false, foremost: true } })),
      ),
  }
}

const read = (fields: Partial<NotificationReadMessage>): NotificationReadMessage => ({
  type: 'notification_read',
  unseenCount: 0,
  unreadCount: 0,
  headSeq: 9,
  epoch: 'e',
  timestamp: '',
  ...fields,
})

const several = (count: number) => Array.from({ length: count }, (_, n) => row(n + 1))

describe('the inbox', () => {
  it('reads backwards page by page until the table has no older notification', async () => {
    const { store, seqs, pages } = setUp(several(7))
    expect(store.state.phase).toBe('loading')
    await store.refresh()
    expect(seqs()).toEqual([7, 6, 5])
    await store.loadOlder()
    await store.loadOlder()
    expect(seqs()).toEqual([7, 6, 5, 4, 3, 2, 1])
    expect(store.state.ended).toBe(true)
    await store.loadOlder()
    expect(pages).toEqual([null, 5, 2])
  })

  it('lists each message that arrives once, and none before the first page', async () => {
    const { store, seqs, tell } = setUp(several(3))
    tell(image(3), image(4))
    expect(seqs()).toEqual([])
    await store.refresh()
    tell(image(4), image(3))
    expect(seqs()).toEqual([4, 3, 2, 1])
  })

  it('reads the names of the documents and incidents that it lists', async () => {
    const { store } = setUp(several(1))
    await store.refresh()
    const message = store.state.items[0]?.message
    if (message === undefined) throw new Error('nothing listed')
    await vi.waitFor(() => expect(store.subjectOf(message)).toBe('name of document-1'))
    expect(store.incidentOf(message)).toBe('title of incident-1')
  })

  it('marks at once, and takes a mark back that the server does not accept', async () => {
    const { store, mark } = setUp(several(2))
    await store.refresh()
    const [item] = store.state.items
    if (item === undefined) throw new Error('nothing listed')
    mark.mockRejectedValueOnce(new AppError('database_unavailable'))
    const marking = store.markItem(item, true)
    expect(store.state.items[0]?.unread).toBe(false)
    await marking
    expect(store.state).toMatchObject({ markFailed: true, items: [{ unread: true }, { unread: true }] })
    await store.markItem(item, true)
    expect(store.state).toMatchObject({ markFailed: false, items: [{ unread: false }, { unread: true }] })
    expect(mark).toHaveBeenLastCalledWith([2])
  })

  it('applies marks of other devices, also during a read', async () => {
    const { store, emitter, hold } = setUp(several(3))
    await store.refresh()
    emitter.emit('notification_read', read({ seqs: [3], read: true }))
    expect(store.state.items.map(({ unread }) => unread)).toEqual([false, true, true])
    const release = hold()
    const reading = store.refresh()
    emitter.emit('notification_read', read({ upTo: 3, read: true }))
    // What comes now was read from the table before the mark.
    release()
    await reading
    expect(store.state.items.map(({ unread }) => unread)).toEqual([false, false, false])
  })

  it('marks all up to the newest seq; with a kind chosen only those listed', async () => {
    const { store, mark, counts } = setUp(several(3))
    await store.refresh()
    counts.lastSeq = 9
    await store.markAllRead()
    expect(mark).toHaveBeenLastCalledWith({ upTo: 9 })
    store.setFilter({ unreadOnly: false, family: 'image', done: false })
    await store.refresh()
    await store.markAllRead()
    expect(mark).toHaveBeenLastCalledWith([3, 2, 1])
  })

  it('has a failed read in its state, and keeps the list of the last one', async () => {
    const { store, fail, seqs } = setUp(several(2))
    fail(true)
    await store.refresh()
    expect(store.state).toMatchObject({ phase: 'failed', readFailed: true })
    fail(false)
    await store.refresh()
    expect(store.state).toMatchObject({ phase: 'ready', readFailed: false })
    fail(true)
    await store.refresh()
    expect(store.state).toMatchObject({ phase: 'ready', readFailed: true })
    expect(seqs()).toEqual([2, 1])
  })

  it('starts over when the epoch has changed', async () => {
    const { store, emitter, rows, seqs } = setUp(several(2))
    store.open()
    await vi.waitFor(() => expect(seqs()).toEqual([2, 1]))
    rows.splice(0, 2, row(1))
    emitter.emit('reload', { reason: 'epoch-changed' })
    expect(seqs()).toEqual([])
    await vi.waitFor(() => expect(seqs()).toEqual([1]))
  })

  it('keeps a limited number of notifications, and reads older ones again', async () => {
    const { store, tell, seqs } = setUp([row(1)])
    await store.refresh()
    for (let from = 2; from < 6_002; from += 500) {
      tell(...Array.from({ length: 500 }, (_, n) => image(from + n)))
    }
    expect(seqs().length).toBe(5_000)
    expect(store.state.ended).toBe(false)
  })
})
