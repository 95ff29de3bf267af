/**
 * The inbox without its looks: what is loaded, what is live, what is marked, on this device and on the others.
 *
 *   loading ──> ready <──> loading older
 *      │          │
 *      v          v read again on return, on reconnecting, on request
 *    failed     ready, outdated (what is shown may be old)
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { isDurable } from '../../../functions-shared/parse-message.ts'
import type { ConnectionStateName, DashboardWebSocketClient } from '../client/index.ts'
import {
  filterKey,
  type InboxItem,
  listItems,
  type Mark,
  NOTHING_READ,
  type Notices,
  type Reach,
  withMark,
  withNotices,
} from './notices.ts'
import type { InboxSource, Notice, NoticeFilter } from './source.ts'

export type InboxPhase = 'loading' | 'ready' | 'failed'

export interface InboxState {
  phase: InboxPhase
  items: readonly InboxItem[]
  filter: NoticeFilter
  /** Nothing older is left. */
  ended: boolean
  loadingOlder: boolean
  /** The last read failed; `ready` still shows what was read before. */
  readFailed: boolean
  /** The last mark was not accepted, and has been taken back. */
  markFailed: boolean
  connection: ConnectionStateName
  /** Notifications that no device has seen (read); null while that is not known. */
  unseenCount: number | null
  unreadCount: number | null
}

export type InboxClient = Pick<
  DashboardWebSocketClient,
  'on' | 'markRead' | 'markUnread' | 'markSeen' | 'getState'
>

export interface InboxStoreOptions {
  client: InboxClient
  source: InboxSource
  /** Notifications read at once. Default 50. */
  pageSize?: number
}

/** Read again at once at most; whoever has scrolled further back reads those again when they come to them. */
const LARGEST_REFRESH = 500

/** Notifications kept; beyond this the oldest are read again when somebody comes to them. */
const LARGEST_MEMORY = 5_000

/** Ids asked for in one request. */
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
  readonly #progress = new Map<string, JobMessage>()
  #notices: Notices = new Map()
  #reaches = new Map<string, Reach>()
  #keep = new Set<string>()
  #filter: NoticeFilter = { unreadOnly: false, family: null }
  #reading: AbortController | null = null
  #readingOlder = false
  #readFailed = false
  #markFailed = false
  #naming = false
  /** Marks since each read that is under way began: what it brings may be older than they are. */
  readonly #meanwhile = new Set<Mark[]>()
  #items: readonly InboxItem[] | null = null
  #opened = false

  constructor(options: InboxStoreOptions) {
    this.#client = options.client
    this.#source = options.source
    this.#pageSize = options.pageSize ?? 50
    const { client } = options
    this.#stops = [
      client.on('batch', (items) => this.#receive(items.map(({ message }) => message))),
      client.on('notification_read', (message) => this.#hear(message)),
      client.on('unread', () => this.#changed()),
      client.on('state', () => this.#changed()),
      client.on('reload', () => this.#startOver()),
      // Marks that other devices made meanwhile are told to nobody who was not there.
      client.on('connected', () => {
        if (this.#opened) void this.refresh()
      }),
    ]
  }

  get state(): InboxState {
    const { state: connection, unseenCount, unreadCount } = this.#client.getState()
    const reach = this.#reach
    const known = reach.seq !== null || reach.ended
    return {
      phase: known ? 'ready' : this.#readFailed ? 'failed' : 'loading',
      items: this.#list(),
      filter: this.#filter,
      ended: reach.ended,
      loadingOlder: this.#readingOlder,
      readFailed: this.#readFailed,
      markFailed: this.#markFailed,
      connection,
      unseenCount,
      unreadCount,
    }
  }

  /** How people know what a message is about; null where that is not known (yet). */
  subjectOf(message: JobMessage): string | null {
    if (message.type === 'status_update') return null
    const documentId = 'documentId' in message ? message.documentId : undefined
    return documentId === undefined ? null : (this.#documents.get(documentId) ?? null)
  }

  incidentOf({ incidentId }: JobMessage): string | null {
    return incidentId === null ? null : (this.#incidents.get(incidentId) ?? null)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Reads when nothing has been read, and otherwise what may have changed since. */
  open(): void {
    this.#opened = true
    this.#keep.clear()
    void this.refresh()
  }

  setFilter(filter: NoticeFilter): void {
    this.#filter = filter
    this.#keep.clear()
    this.#readFailed = false
    this.#changed()
    void this.refresh()
  }

  /** Reads what is shown anew. Never rejects: a failure is in the state. */
  async refresh(): Promise<void> {
    const filter = this.#filter
    const shown = this.#list().reduce((sum, { seqs }) => sum + seqs.length, 0)
    const limit = Math.min(LARGEST_REFRESH, Math.max(this.#pageSize, shown))
    const page = await this.#read({ before: null, limit, filter })
    if (page !== null) this.#reaches.set(filterKey(filter), reachOf(page, limit))
    this.#changed()
  }

  /** The next page into the past. */
  async loadOlder(): Promise<void> {
    const { seq, ended } = this.#reach
    if (seq === null || ended || this.#readingOlder) return
    const filter = this.#filter
    this.#readingOlder = true
    this.#changed()
    const page = await this.#read({ before: seq, limit: this.#pageSize, filter })
    this.#readingOlder = false
    if (page !== null) {
      const { seq: reached, ended: isEnd } = reachOf(page, this.#pageSize)
      this.#reaches.set(filterKey(filter), { seq: reached ?? seq, ended: isEnd })
    }
    this.#changed()
  }

  async markItem(item: InboxItem, read: boolean): Promise<void> {
    // It would vanish from under the eyes of whoever has just marked it.
    this.#keep.add(item.jobId)
    await this.#mark({ seqs: [...item.seqs], read }, () =>
      read ? this.#client.markRead(item.seqs) : this.#client.markUnread(item.seqs),
    )
  }

  /** Everything, or with a kind chosen what is listed. */
  async markAllRead(): Promise<void> {
    if (this.#filter.family === null) {
      const upTo = Math.max(this.#client.getState().lastSeq, ...this.#notices.keys())
      await this.#mark({ upTo, read: true }, () => this.#client.markRead({ upTo }))
    } else {
      const seqs = this.#list().flatMap((item) => (item.unread ? item.seqs : []))
      if (seqs.length > 0) await this.#mark({ seqs, read: true }, () => this.#client.markRead(seqs))
    }
  }

  /** Somebody has looked at the list. */
  async markSeen(): Promise<void> {
    const { unseenCount, lastSeq } = this.#client.getState()
    if (unseenCount === null || unseenCount === 0) return
    const upTo = Math.max(lastSeq, ...this.#notices.keys())
    // Nothing to show for a failure: it is tried with the next look.
    await this.#client.markSeen({ upTo }).catch(() => undefined)
  }

  close(): void {
    this.#abort.abort()
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
  }

  get #reach(): Reach {
    return this.#reaches.get(filterKey(this.#filter)) ?? NOTHING_READ
  }

  #list(): readonly InboxItem[] {
    this.#items ??= listItems(this.#notices, {
      filter: this.#filter,
      reach: this.#reach,
      progress: this.#progress,
      keep: this.#keep,
    })
    return this.#items
  }

  #changed(): void {
    this.#items = null
    for (const listener of this.#listeners) listener()
  }

  /** @returns null when it failed, or nobody wants it any more. */
  async #read(page: {
    before: number | null
    limit: number
    filter: NoticeFilter
  }): Promise<Notice[] | null> {
    if (page.before === null) {
      this.#reading?.abort()
      this.#reading = new AbortController()
    }
    const signal =
      page.before === null && this.#reading !== null
        ? AbortSignal.any([this.#reading.signal, this.#abort.signal])
        : this.#abort.signal
    const marks: Mark[] = []
    this.#meanwhile.add(marks)
    try {
      const notices = await this.#source.readPage({ ...page, signal })
      if (signal.aborted) return null
      this.#readFailed = false
      this.#notices = marks.reduce(withMark, this.#bounded(withNotices(this.#notices, notices)))
      void this.#name()
      return notices
    } catch {
      // Said in the state; the person, the next connection or the next look tries again.
      if (!signal.aborted) this.#readFailed = true
      return null
    } finally {
      this.#meanwhile.delete(marks)
    }
  }

  #bounded(notices: Notices): Notices {
    if (notices.size <= LARGEST_MEMORY) return notices
    const kept = [...notices.keys()].sort((one, other) => other - one).slice(0, LARGEST_MEMORY)
    const oldest = kept.at(-1) ?? 0
    this.#reaches = new Map(
      [...this.#reaches].map(([key, { seq, ended }]) => [
        key,
        seq === null || seq < oldest ? { seq: oldest, ended: false } : { seq, ended },
      ]),
    )
    return new Map(kept.flatMap((seq) => notices.get(seq) ?? []).map((notice) => [notice.seq, notice]))
  }

  #receive(messages: readonly JobMessage[]): void {
    const added: Notice[] = []
    for (const message of messages) {
      if (!isDurable(message)) {
        this.#progress.set(message.jobId, message)
        continue
      }
      this.#progress.delete(message.jobId)
      if (!this.#notices.has(message.seq)) added.push({ seq: message.seq, message, seen: false, read: false })
    }
    // Before the first page nothing is shown, and that page brings them.
    if (this.#reaches.size > 0 && added.length > 0) {
      this.#notices = this.#bounded(withNotices(this.#notices, added))
      void this.#name()
    }
    this.#changed()
  }

  #hear(mark: Mark): void {
    for (const marks of this.#meanwhile) marks.push(mark)
    this.#notices = withMark(this.#notices, mark)
    this.#changed()
  }

  #startOver(): void {
    this.#notices = new Map()
    this.#reaches = new Map()
    this.#progress.clear()
    this.#changed()
    if (this.#opened) void this.refresh()
  }

  async #mark(mark: Mark, send: () => Promise<number>): Promise<void> {
    const before = this.#notices
    this.#markFailed = false
    this.#hear(mark)
    const touched = [...this.#notices].filter(([seq, notice]) => notice !== before.get(seq))
    try {
      await send()
    } catch {
      // Said in the state; what the person sees is what the table has.
      this.#markFailed = true
      const old = touched.flatMap(([seq]) => before.get(seq) ?? [])
      this.#notices = withNotices(this.#notices, old)
      this.#changed()
    }
  }

  /** Asks for names that are not known yet, one request at a time. */
  async #name(): Promise<void> {
    if (this.#naming) return
    this.#naming = true
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
      // The list is readable without; asked again with the next page or message.
    } finally {
      this.#naming = false
    }
  }

  #unnamed(): { documents: string[]; incidents: string[] } {
    const documents = new Set<string>()
    const incidents = new Set<string>()
    for (const { message } of [...this.#notices.values()].reverse()) {
      if (message === null) continue
      if (
        'documentId' in message &&
        message.documentId !== undefined &&
        !this.#documents.has(message.documentId)
      )
        documents.add(message.documentId)
      if (message.incidentId !== null && !this.#incidents.has(message.incidentId))
        incidents.add(message.incidentId)
    }
    return {
      documents: [...documents].slice(0, NAMES_AT_ONCE),
      incidents: [...incidents].slice(0, NAMES_AT_ONCE),
    }
  }
}

function reachOf(page: readonly Notice[], limit: number): Reach {
  return { seq: page.at(-1)?.seq ?? null, ended: page.length < limit }
}
