/**
 * Client options for `npm run listen`, as an operator or as the user.
 *
 * - As an operator, with a secret key: reads the user's notifications under the key's rights and is no device.
 * - As the user, with a password: everything as in a browser.
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../functions-shared/app-error.ts'
import type { Database } from '../functions-shared/database.types.ts'
import { isUuid } from '../functions-shared/uuid.ts'
import type { BackendAuth } from '../web/src/client/backend.ts'
import type {
  DashboardWebSocketClientOptions,
  Inbox,
  NotificationSource,
  Timers,
  Transport,
} from '../web/src/client/index.ts'
import { createSupabaseTransport } from '../web/src/client/supabase-transport.ts'
import { UsageError } from './command-line.ts'

type Supabase = SupabaseClient<Database>

export interface Listener {
  userId: string
  /** For people. */
  name: string
  options: DashboardWebSocketClientOptions
  /** Options that make the client begin after this number; now, where it is undefined. */
  from(since: number | undefined): Promise<Pick<DashboardWebSocketClientOptions, 'storage'>>
}

const HEARTBEAT_TIMEOUT = 10_000
const USERS_PER_PAGE = 1_000

/** @param supabase made with the secret key. @throws UsageError where there is no such user. */
export async function operator(supabase: Supabase, user: string): Promise<Listener> {
  const found = await findUser(supabase, user)
  const source = operatorSource(supabase)
  return {
    userId: found.id,
    name: found.email ?? found.id,
    options: {
      supabase,
      source,
      inbox: operatorInbox(supabase),
      transport: operatorTransport(supabase),
      identity: { currentUserId: () => Promise.resolve(found.id), onChange: () => () => undefined },
      devices: null,
      tabs: null,
    },
    from: (since) => storageFrom(source, found.id, since),
  }
}

/** @param supabase made with the publishable key. @throws UsageError where the password is wrong. */
export async function signedIn(supabase: Supabase, email: string, password: string): Promise<Listener> {
  const { data, error } = await supabase.auth.signInWithPassword({ email, password })
  if (error !== null) throw new UsageError(`${email} cannot sign in: ${error.message}`, { cause: error })
  const { id } = data.user
  return {
    userId: id,
    name: email,
    options: { supabase, tabs: null },
    from: (since) => storageFrom(operatorSource(supabase), id, since),
  }
}

async function findUser(
  supabase: Supabase,
  user: string,
): Promise<{ id: string; email: string | undefined }> {
  if (isUuid(user)) {
    const { data, error } = await supabase.auth.admin.getUserById(user)
    if (error !== null || data.user === null) throw new UsageError(`There is no user ${user}.`)
    return { id: data.user.id, email: data.user.email }
  }
  for (let page = 1; ; page += 1) {
    const { data, error } = await supabase.auth.admin.listUsers({ page, perPage: USERS_PER_PAGE })
    if (error !== null) throw new UsageError(`The users cannot be listed: ${error.message}`, { cause: error })
    const found = data.users.find(({ email }) => email?.toLowerCase() === user.toLowerCase())
    if (found !== undefined) return { id: found.id, email: found.email }
    if (data.users.length < USERS_PER_PAGE) throw new UsageError(`There is no user ${user}.`)
  }
}

/** Floor and head, taken from the oldest and the newest row: only the user may read the head row itself. */
function operatorSource(supabase: Supabase): NotificationSource {
  const edge = async (userId: string, ascending: boolean, signal: AbortSignal) => {
    const { data, error } = await supabase
      .from('notifications')
      .select('seq, epoch')
      .eq('user_id', userId)
      .order('seq', { ascending })
      .limit(1)
      .abortSignal(signal)
    if (error !== null) throw new AppError('history_unavailable', { cause: error })
    return data[0]
  }
  return {
    async readHead(userId, signal) {
      const [first, last] = await Promise.all([edge(userId, true, signal), edge(userId, false, signal)])
      if (first === undefined || last === undefined) return { epoch: null, seq: 0, floor: 0 }
      return { epoch: last.epoch, seq: last.seq, floor: first.seq - 1 }
    },
    async readPage(userId, after, limit, signal) {
      const { data, error } = await supabase
        .from('notifications')
        .select('seq, payload')
        .eq('user_id', userId)
        .gt('seq', after)
        .order('seq')
        .limit(limit)
        .abortSignal(signal)
      if (error !== null) throw new AppError('history_unavailable', { cause: error })
      return data
    },
  }
}

function operatorInbox(supabase: Supabase): Inbox {
  const count = async (userId: string, column: 'seen_at' | 'read_at', signal: AbortSignal) => {
    const { count, error } = await supabase
      .from('notifications')
      .select('seq', { count: 'exact', head: true })
      .eq('user_id', userId)
      .is(column, null)
      .abortSignal(signal)
    if (error !== null) throw new AppError('history_unavailable', { cause: error })
    return count ?? 0
  }
  const source = operatorSource(supabase)
  return {
    async counts(userId, signal) {
      const [{ epoch, seq }, unseen, unread] = await Promise.all([
        source.readHead(userId, signal),
        count(userId, 'seen_at', signal),
        count(userId, 'read_at', signal),
      ])
      return { epoch, seq, unseen, unread }
    },
    // Only the user marks notifications as read or seen.
    mark: () => Promise.reject(new AppError('user_mismatch')),
  }
}

/** Channels that the secret key opens: the socket has the key's role, and no session is needed. */
function operatorTransport(supabase: Supabase): Transport {
  const auth: BackendAuth = {
    getSession: async () => ({ data: { session: { user: { id: 'operator' } } }, error: null }),
    onAuthStateChange: () => ({ data: { subscription: { unsubscribe: () => undefined } } }),
  }
  return createSupabaseTransport({
    supabase: {
      realtime: supabase.realtime,
      channel: (topic, options) => supabase.channel(topic, options),
      auth,
    },
    timers,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
  })
}

const timers: Timers = {
  set: (callback, delayMs) => setTimeout(callback, delayMs),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
}

async function storageFrom(
  source: NotificationSource,
  userId: string,
  since: number | undefined,
): Promise<Pick<DashboardWebSocketClientOptions, 'storage'>> {
  if (since === undefined) return { storage: null }
  const { epoch } = await source.readHead(userId, AbortSignal.timeout(HEARTBEAT_TIMEOUT))
  const items = new Map([[`claimwire:cursor:${userId}`, JSON.stringify({ epoch, seq: since })]])
  return {
    storage: {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
    },
  }
}
