/**
 * The state of the inbox: notifications that were read or have arrived, their marks, and the filter.
 *
 *   loading ──> ready <──> loading older
 *      │          │
 *      │          v a read failed: opening the list, reconnecting or a click reads again
 *      v        ready, readFailed (the list may be out of date)
 *    failed
 */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import { isDurable } from '../../../functions-shared/parse-message.ts'
import type { ConnectionStateName, DashboardWebSocketClient } from '../client/index.ts'
import { threadOf } from '../shared/message-words.ts'
import {
  filterKey,
  type InboxItem,
  listItems,
  type Mark,
  NOTHING_READ,
  type Notices,
  type ReadRange,
  withMark,
  withNotices,
} from './notices.ts'
import type { InboxSource, Notice, NoticeFilter, PageRequest } from './source.ts'

export type InboxPhase = 'loading' | 'ready' | 'failed'

export interface InboxState {
  phase: InboxPhase
  items: readonly InboxItem[]
  filter: NoticeFilter
  /** The table has no older notification that matches the filter. */
  ended: boolean
  loadingOlder: boolean
  /** The last read failed. While the phase is `ready`, the list is from an earlier read. */
  readFailed: boolean
  /** The server did not accept the last mark, which has been taken back. */
  markFailed: boolean
  /** A line has just been put aside and can be taken back. */
  canUndo: boolean
  connection: ConnectionStateName
  /** Notifications that were seen (read) on no device; null while the client does not know. */
  unseenCount: number | null
  unreadCount: number | null
}

export type InboxClient = Pick<
  DashboardWebSocketClient,
  'on' | 'markRead' | 'markUnread' | 'markSeen' | 'markDone' | 'getState'
>

export interface InboxStoreOptions {
  client: InboxClient
  source: InboxSource
  /** Notifications read at once. Default 50. */
  pageSize?: number
}

/** Notifications that {@link InboxStore.refresh} reads at most. Scrolling reads older ones again. */
const LARGEST_REFRESH = 500

/** Notifications kept in memory. Scrolling reads older ones again. */
const LARGEST_MEMORY = 5_000

/** Ids in one request for names. */
const NAMES_AT_ONCE = 50

export class InboxStore {
  readonly #client: InboxClient
  readonly #source: InboxSource
  readonly #pageSize: number
  readonly #listeners = new Set<() => void>()
  readonly #abort = new AbortController()
  readonly #stops: (() => void)[]
  readonly #documents = new Map<string, string | null>()
  readonly #incidents = new Map<string, string | null>()
  readonly #progress = new Map<string, UserMessage>()
  #notices: Notices = new Map()
  #ranges = new Map<string, ReadRange>()
  #keep = new Set<string>()
  #filter: NoticeFilter = { unreadOnly: false, family: null, done: false }
  #reading: AbortController | null = null
  #readingOlder = false
  #readFailed = false
  #markFailed = false
  #isReadingNames = false
  /** The line that was put aside last, until another change of the filter or of the list's place. */
  #lastDone: InboxItem | null = null
  /** For each read under way, the marks since it began: the rows that it brings may be older than the marks. */
  readonly #marksDuringReads = new Set<Mark[]>()
  #items: readonly InboxItem[] | null = null
  #opened = false

  constructor(options: InboxStoreOptions) {
    this.#client = options.client
    this.#source = options.source
    this.#pageSize = options.pageSize ?? 50
    const { client } = options
    this.#stops = [
      client.on('batch', (items) => this.#receive(items.map(({ message }) => message))),
      client.on('notification_read', (message) => this.#applyMark(message)),
      client.on('unread', () => this.#changed()),
      client.on('state', () => this.#changed()),
      client.on('reload', ({ reason }) => {
        if (reason === 'broadcasts-lost') this.#readMarks()
        else this.#startOver()
      }),
      client.on('connected', () => this.#readMarks()),
    ]
  }

  get state(): InboxState {
    const { state: connection, unseenCount, unreadCount } = this.#client.getState()
    const range = this.#range
    const known = range.seq !== null || range.ended
    return {
      phase: known ? 'ready' : this.#readFailed ? 'failed' : 'loading',
      items: this.#list(),
      filter: this.#filter,
      ended: range.ended,
      loadingOlder: this.#readingOlder,
      readFailed: this.#readFailed,
      markFailed: this.#markFailed,
      canUndo: this.#lastDone !== null,
      connection,
      unseenCount,
      unreadCount,
    }
  }

  /** Id of the signed-in user; null before the connection. */
  get self(): string | null {
    return this.#client.getState().userId
  }

  /** File name of the document that a message is about; null where it has none, or the name was not read yet. */
  subjectOf(message: UserMessage): string | null {
    return this.#documents.get(documentIdOf(message) ?? '') ?? null
  }

  /** Title of the incident that a message is about; null where it has none, or the title was not read yet. */
  incidentOf({ incidentId }: UserMessage): string | null {
    return incidentId === null ? null : (this.#incidents.get(incidentId) ?? null)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The list is on the screen: reads the first page, or again what was read before. */
  open(): void {
    this.#opened = true
    this.#lastDone = null
    this.#keep.clear()
    void this.refresh()
  }

  setFilter(filter: NoticeFilter): void {
    this.#filter = filter
    this.#lastDone = null
    this.#keep.clear()
    this.#readFailed = false
    this.#changed()
    void this.refresh()
  }

  /** Reads the listed notifications again. Never rejects: a failure is in the state. */
  async refresh(): Promise<void> {
    const filter = this.#filter
    const shown = this.#list().reduce((sum, { seqs }) => sum + seqs.length, 0)
    const limit = Math.min(LARGEST_REFRESH, Math.max(this.#pageSize, shown))
    const page = await this.#read({ before: null, limit, filter })
    if (page !== null) this.#ranges.set(filterKey(filter), rangeOf(page, limit))
    this.#changed()
  }

  /** Reads the next older page. */
  async loadOlder(): Promise<void> {
    const { seq, ended } = this.#range
    if (seq === null || ended || this.#readingOlder) return
    const filter = this.#filter
    this.#readingOlder = true
    this.#changed()
    const page = await this.#read({ before: seq, limit: this.#pageSize, filter })
    this.#readingOlder = false
    if (page !== null) {
      const { seq: reached, ended: isEnd } = rangeOf(page, this.#pageSize)
      this.#ranges.set(filterKey(filter), { seq: reached ?? seq, ended: isEnd })
    }
    this.#changed()
  }

  async markItem(item: InboxItem, read: boolean): Promise<void> {
    // In the list of unread lines, the line would vanish while the reader looks at it.
    this.#keep.add(item.thread)
    await this.#mark({ seqs: [...item.seqs], read }, () =>
      read ? this.#client.markRead(item.seqs) : this.#client.markUnread(item.seqs),
    )
  }

  /** Puts a line aside, or takes it back into the list. */
  async markDone(item: InboxItem, done: boolean): Promise<void> {
    this.#lastDone = done ? item : null
    await this.#mark({ seqs: [...item.seqs], done }, () => this.#client.markDone(item.seqs, done))
    if (this.#markFailed) this.#lastDone = null
    this.#changed()
  }

  /** Takes back the line that was put aside last. */
  async undo(): Promise<void> {
    if (this.#lastDone !== null) await this.markDone(this.#lastDone, false)
  }

  /** Marks all notifications as read; with a kind chosen, those that are listed. */
  async markAllRead(): Promise<void> {
    if (this.#filter.family === null) {
      const upTo = Math.max(this.#client.getState().lastSeq, ...this.#notices.keys())
      await this.#mark({ upTo, read: true }, () => this.#client.markRead({ upTo }))
    } else {
      const seqs = this.#list().flatMap((item) => (item.unread ? item.seqs : []))
      if (seqs.length > 0) await this.#mark({ seqs, read: true }, () => this.#client.markRead(seqs))
    }
  }

  /** The list has been on the screen. */
  async markSeen(): Promise<void> {
    const { unseenCount, lastSeq } = this.#client.getState()
    if (unseenCount === null || unseenCount === 0) return
    const upTo = Math.max(lastSeq, ...this.#notices.keys())
    // A failure is not shown: the next time that the list is on the screen, the mark is sent again.
    await this.#client.markSeen({ upTo }).catch(() => undefined)
  }

  close(): void {
    this.#abort.abort()
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
  }

  get #range(): ReadRange {
    return this.#ranges.get(filterKey(this.#filter)) ?? NOTHING_READ
  }

  #list(): readonly InboxItem[] {
    this.#items ??= listItems(this.#notices, {
      filter: this.#filter,
      range: this.#range,
      progress: this.#progress,
      keep: this.#keep,
    })
    return this.#items
  }

  #changed(): void {
    this.#items = null
    for (const listener of this.#listeners) listener()
  }

  /** @returns null when the read failed, or another one has replaced it. */
  async #read(page: PageRequest): Promise<Notice[] | null> {
    let { signal } = this.#abort
    if (page.before === null) {
      this.#reading?.abort()
      this.#reading = new AbortController()
      signal = AbortSignal.any([this.#reading.signal, signal])
    }
    const marks: Mark[] = []
    this.#marksDuringReads.add(marks)
    try {
      const notices = await this.#source.readPage({ ...page, signal })
      if (signal.aborted) return null
      this.#readFailed = false
      this.#notices = marks.reduce(withMark, this.#bounded(withNotices(this.#notices, notices)))
      void this.#readNames()
      return notices
    } catch {
      // The state has the failure. The user, the next connection or opening the list again tries once more.
      if (!signal.aborted) this.#readFailed = true
      return null
    } finally {
      this.#marksDuringReads.delete(marks)
    }
  }

  #bounded(notices: Notices): Notices {
    if (notices.size <= LARGEST_MEMORY) return notices
    const kept = [...notices.keys()].sort((one, other) => other - one).slice(0, LARGEST_MEMORY)
    const oldest = kept.at(-1) ?? 0
    this.#ranges = new Map(
      [...this.#ranges].map(([key, { seq, ended }]) => [
        key,
        seq === null || seq < oldest ? { seq: oldest, ended: false } : { seq, ended },
      ]),
    )
    return new Map(kept.flatMap((seq) => notices.get(seq) ?? []).map((notice) => [notice.seq, notice]))
  }

  #receive(messages: readonly UserMessage[]): void {
    const added: Notice[] = []
    for (const message of messages) {
      if (!isDurable(message)) {
        // Only progress changes a line; other messages without a number are not for the inbox.
        if ('progress' in message) this.#progress.set(threadOf(message), message)
        continue
      }
      this.#progress.delete(threadOf(message))
      if (!this.#notices.has(message.seq))
        added.push({ seq: message.seq, message, seen: false, read: false, done: false })
    }
    // Before the first page the list is empty, and that page brings these notifications.
    if (this.#ranges.size > 0 && added.length > 0) {
      this.#notices = this.#bounded(withNotices(this.#notices, added))
      void this.#readNames()
    }
    this.#changed()
  }

  #applyMark(mark: Mark): void {
    for (const marks of this.#marksDuringReads) marks.push(mark)
    this.#notices = withMark(this.#notices, mark)
    this.#changed()
  }

  /** Marks of other devices are broadcast once: those that this device did not hear have to be read. */
  #readMarks(): void {
    if (this.#opened) void this.refresh()
  }

  #startOver(): void {
    this.#notices = new Map()
    this.#ranges = new Map()
    this.#progress.clear()
    this.#changed()
    this.#readMarks()
  }

  async #mark(mark: Mark, send: () => Promise<number>): Promise<void> {
    const before = this.#notices
    this.#markFailed = false
    this.#applyMark(mark)
    const touched = [...this.#notices].filter(([seq, notice]) => notice !== before.get(seq))
    try {
      await send()
    } catch {
      // The state has the failure, and the list shows the marks of the table again.
      this.#markFailed = true
      const old = touched.flatMap(([seq]) => before.get(seq) ?? [])
      this.#notices = withNotices(this.#notices, old)
      this.#changed()
    }
  }

  /** Reads names of documents and incidents that are missing, one request at a time. */
  async #readNames(): Promise<void> {
    if (this.#isReadingNames) return
    this.#isReadingNames = true
    try {
      for (;;) {
        const ids = this.#unnamed()
        if (ids.documents.length + ids.incidents.length === 0) return
        const names = await this.#source.readNames(ids)
        if (this.#abort.signal.aborted) return
        for (const id of ids.documents) this.#documents.set(id, names.documents.get(id) ?? null)
        for (const id of ids.incidents) this.#incidents.set(id, names.incidents.get(id) ?? null)
        this.#changed()
      }
    } catch {
      // The list is readable without names. The next page or message reads them again.
    } finally {
      this.#isReadingNames = false
    }
  }

  #unnamed(): { documents: string[]; incidents: string[] } {
    const documents = new Set<string>()
    const incidents = new Set<string>()
    for (const { message } of [...this.#notices.values()].reverse()) {
      if (message === null) continue
      const documentId = documentIdOf(message)
      if (documentId !== null && !this.#documents.has(documentId)) documents.add(documentId)
      if (message.incidentId !== null && !this.#incidents.has(message.incidentId))
        incidents.add(message.incidentId)
    }
    return {
      documents: [...documents].slice(0, NAMES_AT_ONCE),
      incidents: [...incidents].slice(0, NAMES_AT_ONCE),
    }
  }
}

function rangeOf(page: readonly Notice[], limit: number): ReadRange {
  return { seq: page.at(-1)?.seq ?? null, ended: page.length < limit }
}

function documentIdOf(message: UserMessage): string | null {
  return message.type !== 'status_update' && 'documentId' in message ? (message.documentId ?? null) : null
}
