/** Counts and marks of notifications, under the user's own rights. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'
import type { CountsAsOf, Identity, Inbox } from './ports.ts'
import { call } from './request.ts'

export function createSupabaseInbox(supabase: Pick<SupabaseClient, 'rpc'>, identity: Identity): Inbox {
  /** The functions act for whoever is signed in; that can change while a request is under way. */
  async function check(userId: string): Promise<void> {
    if ((await identity.currentUserId()) !== userId) throw new AppError('user_mismatch')
  }

  return {
    async counts(userId, signal) {
      const data: unknown = await call(supabase.rpc('notification_counts'), 'history_unavailable', signal)
      await check(userId)
      return parseCounts(data)
    },
    async mark(userId, target, { seen, read }) {
      await check(userId)
      const changed: unknown = await call(
        supabase.rpc('mark_notifications', {
          ...('upTo' in target ? { p_up_to: target.upTo } : { p_seqs: [...target] }),
          ...(seen === undefined ? {} : { p_seen: seen }),
          ...(read === undefined ? {} : { p_read: read }),
        }),
        'database_unavailable',
      )
      return typeof changed === 'number' ? changed : 0
    },
  }
}

export function parseCounts(data: unknown): CountsAsOf {
  const row: unknown = Array.isArray(data) ? data[0] : data
  if (!isRecord(row) || !(row.epoch === null || typeof row.epoch === 'string')) throw unreadable()
  return {
    epoch: row.epoch,
    seq: toCount(row.seq),
    unseen: toCount(row.unseen_count),
    unread: toCount(row.unread_count),
  }
}

/** PostgREST sends bigint as a number, other layers as text. */
function toCount(value: unknown): number {
  const count = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) throw unreadable()
  return count
}

function unreadable(): AppError {
  return new AppError('history_unavailable', { cause: new TypeError('unexpected shape of the answer') })
}
