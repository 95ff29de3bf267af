/** Stands in for client and backend in the page: a table of notifications, and events that tests ask for. */

import { createClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { JobMessage, NotificationReadMessage } from '../../../functions-shared/message-types.ts'
import { familyOf } from '../../../functions-shared/parse-message.ts'
import { Emitter, type Listener } from '../../../web/src/client/emitter.ts'
import type { ClientEvents, ClientState } from '../../../web/src/client/index.ts'
import type { InboxSource, Notice, PreferenceSource } from '../../../web/src/inbox/index.ts'

const EPOCH = '00000000-0000-4000-8000-000000000001'

export class World {
  readonly rows: Notice[] = []
  readonly documents = new Map<string, string>()
  readonly incidents = new Map<string, string>()
  /** Requests that were made, by name. */
  readonly requests: string[] = []
  /** How the next reads and marks end. */
  mode: 'answers' | 'hangs' | 'fails' = 'answers'
  state: ClientState = {
    state: 'live',
    isConnected: true,
    isReading: false,
    userId: '00000000-0000-4000-8000-00000000000a',
    lastSeq: 0,
    recovered: true,
    latencyMs: 12,
    unreadCount: 0,
    unseenCount: 0,
    reconnectAttempts: 0,
    retryAt: null,
    reason: null,
  }
  readonly #emitter = new Emitter<ClientEvents>((_event, cause) => reportError(cause))

  readonly client = {
    on: <Name extends keyof ClientEvents>(name: Name, listener: Listener<ClientEvents[Name]>) =>
      this.#emitter.on(name, listener),
    getState: () => this.state,
    retryNow: () => void this.requests.push('retry'),
    ping: () => this.emit('pong', { latencyMs: this.state.latencyMs ?? 0 }),
    markRead: (target: readonly number[] | { upTo: number }) => this.#mark(target, { read: true }),
    markUnread: (target: readonly number[] | { upTo: number }) => this.#mark(target, { read: false }),
    markSeen: (target: readonly number[] | { upTo: number }) => this.#mark(target, { seen: true }),
    markDone: (target: readonly number[] | { upTo: number }, done = true) => this.#mark(target, { done }),
  }

  readonly source: InboxSource = {
    readPage: async ({ before, limit, filter, signal }) => {
      this.requests.push(
        `page before ${before} ${filter.unreadOnly ? 'unread' : 'all'} ${filter.family ?? 'every'}`,
      )
      await this.#answer(signal)
      return this.rows
        .filter(({ seq, message, read, done }) => {
          if (before !== null && seq >= before) return false
          if (done !== filter.done) return false
          if (filter.unreadOnly && read) return false
          return filter.family === null || (message !== null && familyOf(message.type) === filter.family)
        })
        .sort((one, other) => other.seq - one.seq)
        .slice(0, limit)
        .map((row) => ({ ...row }))
    },
    readNames: async () => {
      await this.#answer()
      return { documents: this.documents, incidents: this.incidents }
    },
    reportUrl: async (id) => {
      this.requests.push(`report ${id}`)
      return null
    },
  }

  readonly preferences: PreferenceSource = {
    read: async () => {
      await this.#answer()
      return new Map()
    },
    save: async (kind, choice) => {
      this.requests.push(`preference ${kind} ${choice}`)
      await this.#answer()
    },
  }

  /** What the debug panel uses of supabase-js. It is never connected. */
  readonly supabase = createClient('http://127.0.0.1:1', 'sb_publishable_test', {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: {
      fetch: async () =>
        new Response(JSON.stringify([{ epoch: EPOCH, seq: this.rows.length, floor: 0 }]), {
          headers: { 'content-type': 'application/json' },
        }),
    },
  })

  /** Logs a frame as the phoenix library does. */
  frame(kind: string, text: string, data: unknown): void {
    this.supabase.realtime.log(kind, text, data)
  }

  /** Puts rows into the table, without an event. */
  fill(messages: readonly JobMessage[], marks: { read?: boolean; seen?: boolean } = {}): void {
    for (const message of messages) {
      const seq = this.rows.length + 1
      const { read = false } = marks
      this.rows.push({
        seq,
        message: { ...message, seq, epoch: EPOCH },
        read,
        seen: marks.seen ?? read,
        done: false,
      })
    }
    this.state = { ...this.state, lastSeq: this.rows.length }
    this.#count()
  }

  /** Puts rows into the table, and emits their messages and one batch. */
  deliver(messages: readonly JobMessage[]): void {
    const isVolatile = messages.every(({ type }) => type.endsWith('_progress'))
    const from = this.rows.length
    if (!isVolatile) this.fill(messages)
    const told = isVolatile ? messages : this.rows.slice(from).flatMap(({ message }) => message ?? [])
    for (const message of told) this.emit('message', message, { replayed: false, foremost: true })
    this.emit(
      'batch',
      told.map((message) => ({ message, delivery: { replayed: false, foremost: true } })),
    )
    this.#tellCounts()
  }

  /** Marks as another device does. */
  async markElsewhere(target: readonly number[] | { upTo: number }, read: boolean): Promise<void> {
    await this.#mark(target, { read })
  }

  become(state: Partial<ClientState>): void {
    this.state = { ...this.state, ...state }
    const { state: name } = this.state
    this.emit('state', { old: 'live', new: name, reason: 'test', state: { name: 'idle' } })
    if (name === 'live')
      this.emit('connected', { userId: '', recovered: true, lastSeq: this.state.lastSeq, reconnected: true })
  }

  emit<Name extends keyof ClientEvents>(name: Name, ...args: ClientEvents[Name]): void {
    this.#emitter.emit(name, ...args)
  }

  async #answer(signal?: AbortSignal): Promise<void> {
    if (this.mode === 'fails') throw new AppError('history_unavailable')
    if (this.mode === 'answers') return
    await new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  }

  async #mark(
    target: readonly number[] | { upTo: number },
    mark: { seen?: boolean; read?: boolean; done?: boolean },
  ): Promise<number> {
    this.requests.push(`mark ${JSON.stringify(target)} ${JSON.stringify(mark)}`)
    await this.#answer()
    let changed = 0
    for (const row of this.rows) {
      if ('upTo' in target ? row.seq > target.upTo : !target.includes(row.seq)) continue
      changed += 1
      if (mark.read !== undefined) row.read = mark.read
      if (mark.done !== undefined) row.done = mark.done
      if (mark.done === true) row.read = true
      if (mark.read === false) row.done = false
      if (mark.seen === true || mark.read === true) row.seen = true
    }
    this.#count()
    const message: NotificationReadMessage = {
      type: 'notification_read',
      ...('upTo' in target ? { upTo: target.upTo } : { seqs: [...target] }),
      ...(mark.seen === undefined && mark.read !== true ? {} : { seen: true }),
      ...(mark.read === undefined ? {} : { read: mark.read }),
      ...(mark.done === undefined ? {} : { done: mark.done }),
      unseenCount: this.state.unseenCount ?? 0,
      unreadCount: this.state.unreadCount ?? 0,
      headSeq: this.rows.length,
      epoch: EPOCH,
      timestamp: new Date().toISOString(),
    }
    this.#tellCounts()
    this.emit('notification_read', message)
    return changed
  }

  #count(): void {
    const unreadCount = this.rows.filter(({ read }) => !read).length
    const unseenCount = this.rows.filter(({ seen }) => !seen).length
    this.state = { ...this.state, unreadCount, unseenCount }
  }

  #tellCounts(): void {
    const { unreadCount, unseenCount } = this.state
    this.emit('unread', { unreadCount: unreadCount ?? 0, unseenCount: unseenCount ?? 0 })
  }
}
