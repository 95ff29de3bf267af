/** Reads the user's notifications through REST, with the user's own rights. */

import { isRecord } from '../../../functions-shared/unknown.ts'
import type { Backend } from './backend.ts'
import { ClientError } from './client-error.ts'
import type { Identity, NotificationRow, NotificationSource } from './ports.ts'
import { call, requireUser, toCount, unreadable } from './request.ts'
import type { Head } from './sequencer.ts'

/** @param readTimeout milliseconds after which a read counts as failed. Default 10000. */
export function createSupabaseSource(
  supabase: Pick<Backend, 'from' | 'rpc'>,
  identity: Identity,
  readTimeout?: number,
): NotificationSource {
  return {
    async readHead(userId, signal) {
      const data = await call(supabase.rpc('notification_head'), 'history_unavailable', signal, readTimeout)
      await requireUser(identity, userId)
      return parseHead(data)
    },
    async readPage(userId, after, count, signal) {
      const query = supabase
        .from('notifications')
        .select('seq, payload')
        .filter('user_id', 'eq', userId)
        .filter('seq', 'gt', after)
        .order('seq')
        .limit(count)
      const rows = parseRows(await call(query, 'history_unavailable', signal, readTimeout))
      // Row-level security hides another user's rows. That must not look as if rows had been deleted.
      if (rows.length === 0) await requireUser(identity, userId)
      return rows
    },
    async requestPong(signal) {
      await call(supabase.rpc('send_pong'), 'database_unavailable', signal, readTimeout)
    },
  }
}

/** @throws AppError `account_deleted` for no row: the user does not exist any more. */
function parseHead(data: unknown): Head {
  const row: unknown = Array.isArray(data) ? data[0] : data
  if (row === undefined || row === null) throw new ClientError('account_deleted')
  if (!isRecord(row) || (row.epoch !== null && typeof row.epoch !== 'string')) throw unreadable()
  return {
    epoch: row.epoch,
    seq: toCount(row.seq),
    floor: toCount(row.floor),
    intervalMs: toCount(row.interval_ms ?? 0),
  }
}

function parseRows(data: unknown): NotificationRow[] {
  if (!Array.isArray(data)) throw unreadable()
  return data.map((row: unknown) => {
    if (!isRecord(row)) throw unreadable()
    return { seq: toCount(row.seq), payload: row.payload }
  })
}
