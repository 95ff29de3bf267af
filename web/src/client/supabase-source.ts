/** Reads the user's notifications through REST, under the user's own rights. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { Identity, NotificationRow, NotificationSource } from './ports.ts'
import type { Head } from './sequencer.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Milliseconds. */
const READ_TIMEOUT = 10_000

/** @param readTimeout milliseconds after which a read counts as failed. */
export function createSupabaseSource(
  supabase: Pick<SupabaseClient, 'from' | 'rpc'>,
  identity: Identity,
  readTimeout: number = READ_TIMEOUT,
): NotificationSource {
  return {
    async readHead(userId, signal) {
      const limit = withTimeout(signal, readTimeout)
      const { data, error } = await answer(limit, supabase.rpc('notification_head').abortSignal(limit))
      if (error) throw new AppError('history_unavailable', { cause: error })
      // The function answers for whoever is signed in; that can have changed while the request was under way.
      if ((await identity.currentUserId()) !== userId) throw new AppError('user_mismatch')
      return parseHead(data)
    },
    async readPage(userId, after, count, signal) {
      const limit = withTimeout(signal, readTimeout)
      const query = supabase
        .from('notifications')
        .select('seq, payload')
        .eq('user_id', userId)
        .gt('seq', after)
        .order('seq', { ascending: true })
        .limit(count)
      const { data, error } = await answer(limit, query.abortSignal(limit))
      if (error) throw new AppError('history_unavailable', { cause: error })
      return parseRows(data)
    },
  }
}

async function answer<T>(limit: AbortSignal, request: PromiseLike<T>): Promise<T> {
  try {
    return await unlessAborted(limit, request)
  } catch (cause) {
    throw new AppError('history_unavailable', { cause })
  }
}

function withTimeout(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)])
}

/** No row means that the user has never had a notification. */
export function parseHead(data: unknown): Head {
  const row: unknown = Array.isArray(data) ? data[0] : data
  if (row === undefined || row === null) return { epoch: null, seq: 0, floor: 0 }
  const { epoch, seq, floor } = fieldsOf(row)
  if (epoch !== null && typeof epoch !== 'string') throw unreadable()
  return { epoch, seq: toInteger(seq), floor: toInteger(floor) }
}

export function parseRows(data: unknown): NotificationRow[] {
  if (!Array.isArray(data)) throw unreadable()
  return data.map((row: unknown) => {
    const { seq, payload } = fieldsOf(row)
    return { seq: toInteger(seq), payload }
  })
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw unreadable()
  return { ...value }
}

/** PostgREST sends bigint as a number, other layers as text. */
function toInteger(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) throw unreadable()
  return number
}

function unreadable(): AppError {
  return new AppError('history_unavailable', { cause: new TypeError('unexpected shape of the answer') })
}
