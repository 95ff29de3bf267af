/** The client library in Node, as a page would use it, and everything that it told its listeners. */

import { randomUUID } from 'node:crypto'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type pg from 'pg'
import { expect, vi } from 'vitest'
import type { AppError } from '../../functions-shared/app-error.ts'
import type { UserMessage } from '../../functions-shared/message-types.ts'
import { isAboutJob } from '../../functions-shared/parse-message.ts'
import { addConfirmedUser } from '../../stack/testing/confirmed-user.ts'
import type { StackKeys } from '../../stack/types.ts'
import {
  DashboardWebSocketClient,
  type DashboardWebSocketClientOptions,
  limitAuthRequests,
} from '../../web/src/client/index.ts'
import type { Transport } from '../../web/src/client/ports.ts'
import { createRealtimeTransport } from '../../web/src/drop-in/realtime/transport.ts'

const PASSWORD = 'correct horse battery staple'
/** Long enough for every back-off and time-out on the way; nothing waits for it when all is well. */
const SETTLE_TIMEOUT_MS = 60_000

/** Joining and leaving a channel. */
const JOIN_TIMEOUT_MS = 3_000
/** As in a page; signing in is slow on a busy machine. */
const AUTH_TIMEOUT_MS = 10_000

/** Short, so that a test need not wait for what takes half a minute in a page. */
export const QUICK = {
  reconnectDelay: 50,
  maxReconnectDelay: 500,
  heartbeatInterval: 1_000,
  heartbeatTimeout: 2_000,
} as const satisfies Partial<DashboardWebSocketClientOptions>

export interface Account {
  id: string
  email: string
}

/** A new user; signs in by {@link listenAs}. */
export async function newAccount(stack: {
  url: string
  keys: Pick<StackKeys, 'secretKey'>
}): Promise<Account> {
  const email = `${randomUUID()}@example.test`
  return { id: await addConfirmedUser(stack, { email, password: PASSWORD }), email }
}

/** What listeners were given, in the order in which they were given it. */
export interface Heard {
  seq: number
  userId: string | null
  message: UserMessage
  replayed: boolean
}

export interface TestListener extends AsyncDisposable {
  readonly client: DashboardWebSocketClient
  readonly supabase: SupabaseClient
  /** Durable messages only. */
  readonly heard: Heard[]
  /** `state` or `state:reason`, each change. */
  readonly states: string[]
  readonly errors: AppError[]
  readonly reloads: string[]
  signIn(account: Account): Promise<void>
  /** The page takes its access token for expired; the server does not. */
  expireToken(): void
}

export interface ListenOptions extends Partial<Omit<DashboardWebSocketClientOptions, 'supabase'>> {
  /** Access token; by default the listener signs in with the password. */
  accessToken?: string
  /** Milliseconds for renewing a token, once signed in. */
  authTimeout?: number
  /** Other seams that need the page's client. */
  wire?: (supabase: SupabaseClient) => Partial<DashboardWebSocketClientOptions>
}

/** A signed-in page that is not connected yet. */
export async function openListener(
  url: string,
  publishableKey: string,
  account: Account,
  { wire, accessToken, authTimeout = AUTH_TIMEOUT_MS, ...options }: ListenOptions = {},
): Promise<TestListener> {
  const sessions = new Map<string, string>()
  if (accessToken !== undefined) sessions.set(SESSION_KEY, sessionOf(account, accessToken))
  let fetchLimited = limitAuthRequests(AUTH_TIMEOUT_MS)
  const supabase = createClient(url, publishableKey, {
    auth: {
      persistSession: true,
      autoRefreshToken: false,
      storage: storageOf(sessions),
      storageKey: SESSION_KEY,
    },
    realtime: { timeout: JOIN_TIMEOUT_MS },
    global: { fetch: (...request) => fetchLimited(...request) },
  })
  const client = new DashboardWebSocketClient({
    supabase,
    storage: memoryStorage(),
    logger: { debug: () => undefined, warn: () => undefined },
    ...QUICK,
    ...options,
    ...wire?.(supabase),
  })
  const listener: TestListener = {
    client,
    supabase,
    heard: [],
    states: [],
    errors: [],
    reloads: [],
    signIn: async ({ email }) => {
      const { error } = await supabase.auth.signInWithPassword({ email, password: PASSWORD })
      expect(error).toBeNull()
      fetchLimited = limitAuthRequests(authTimeout)
    },
    expireToken: () => {
      for (const [key, value] of sessions) {
        const session: unknown = JSON.parse(value)
        if (typeof session === 'object' && session !== null && 'expires_at' in session)
          sessions.set(key, JSON.stringify({ ...session, expires_at: 1 }))
      }
    },
    [Symbol.asyncDispose]: async () => {
      client.disconnect()
      await supabase.removeAllChannels()
      await supabase.realtime.disconnect()
    },
  }
  client.on('message', (message, { replayed }) => {
    if (message.seq === undefined) return
    listener.heard.push({ seq: message.seq, userId: client.getState().userId, message, replayed })
  })
  client.on('state', ({ new: state, reason }) => listener.states.push(`${state}:${reason}`))
  client.on('error', (error) => listener.errors.push(error))
  client.on('reload', ({ reason }) => listener.reloads.push(reason))
  if (accessToken === undefined) await listener.signIn(account)
  return listener
}

const SESSION_KEY = 'session'

/** The drop-in's own socket, for the user who is signed in by supabase-js. */
export function dropInTransport(
  supabaseUrl: string,
  supabaseKey: string,
  { auth }: SupabaseClient,
): Transport {
  return createRealtimeTransport({
    supabaseUrl,
    supabaseKey,
    heartbeatTimeout: QUICK.heartbeatTimeout,
    tokens: {
      async current() {
        const { data, error } = await auth.getSession()
        if (error !== null) throw error
        if (data.session === null) return null
        const { access_token: text, user, expires_at = 0 } = data.session
        return { text, userId: user.id, issuedAt: 0, expiresAt: expires_at * 1_000 }
      },
      forget: () => undefined,
    },
  })
}

/** As supabase-js keeps it. */
function sessionOf({ id, email }: Account, accessToken: string): string {
  return JSON.stringify({
    access_token: accessToken,
    refresh_token: 'none',
    token_type: 'bearer',
    expires_in: 3_600,
    expires_at: Math.floor(Date.now() / 1_000) + 3_600,
    user: { id, email, aud: 'authenticated', app_metadata: {}, user_metadata: {}, created_at: '' },
  })
}

/** Storage of one browser profile. */
export function memoryStorage(): MemoryStorage {
  return storageOf(new Map())
}

type MemoryStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

function storageOf(values: Map<string, string>): MemoryStorage {
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => {
      values.set(key, value)
    },
    removeItem: (key) => {
      values.delete(key)
    },
  }
}

/**
 * Waits until the page is at the head, and live or reading the table because broadcasts are dropped. Then what its
 * listeners heard up to there has to be the table: every row from `from` on, in order, once. The head may go on, because
 * reports begin by themselves when an incident's work has ended.
 */
export async function expectExactlyTheTable(
  listeners: TestListener | readonly TestListener[],
  account: Account,
  db: pg.Pool,
  from = 1,
): Promise<void> {
  const pages = Array.isArray(listeners) ? listeners : [listeners]
  const current: TestListener = pages.at(-1)
  const head = await vi.waitFor(
    async () => {
      const last = await lastNumber(db, account.id)
      const { state, isReading, lastSeq } = current.client.getState()
      const isUpToDate = state === 'live' || isReading
      expect({ isUpToDate, lastSeq }, describeListener(current)).toEqual({ isUpToDate: true, lastSeq: last })
      return last
    },
    { timeout: SETTLE_TIMEOUT_MS, interval: 20 },
  )
  const isExpected = ({ seq }: { seq: number }): boolean => seq >= from && seq <= head
  const expected = (await notifications(db, account.id)).filter(isExpected)
  const heard = pages.flatMap((page: TestListener) => page.heard).filter(({ seq }) => seq <= head)
  expect(heard.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq))
  expect(heard.map(({ message }) => ({ type: message.type, jobId: jobIdOf(message) }))).toEqual(
    expected.map(({ type, jobId }) => ({ type, jobId })),
  )
  const lost = pages
    .flatMap((page: TestListener) => page.reloads)
    .filter((reason) => reason !== 'broadcasts-lost')
  expect(lost).toEqual([])
}

/** The job that a message is about; null for a message about an incident. */
export function jobIdOf(message: UserMessage): string | null {
  return isAboutJob(message) ? message.jobId : null
}

function describeListener({ states, errors, heard }: TestListener): string {
  const failures = errors.slice(-5).map(({ code, cause }) => `${code}: ${String(cause)}`)
  return [`heard ${heard.length}`, `last states ${states.slice(-8).join(' ')}`, ...failures].join('\n')
}

export interface StoredNotification {
  seq: number
  type: string
  jobId: string
}

async function lastNumber(db: pg.Pool, userId: string): Promise<number> {
  const { rows } = await db.query<{ seq: string }>(
    'select coalesce(max(seq), 0) as seq from public.notifications where user_id = $1',
    [userId],
  )
  return Number(rows[0]?.seq)
}

export async function notifications(db: pg.Pool, userId: string): Promise<StoredNotification[]> {
  const { rows } = await db.query<{ seq: string; type: string; job_id: string }>(
    'select seq, type, job_id from public.notifications where user_id = $1 order by seq',
    [userId],
  )
  return rows.map(({ seq, type, job_id }) => ({ seq: Number(seq), type, jobId: job_id }))
}

/** Resolves when the page says `live`. */
export function untilLive({ client }: TestListener): Promise<void> {
  return vi.waitFor(() => expect(client.getState().state).toBe('live'), {
    timeout: SETTLE_TIMEOUT_MS,
    interval: 20,
  })
}
