/** Counts and marks notifications through REST, with the user's own rights. */

import { isRecord } from '../../../functions-shared/unknown.ts'
import type { Backend } from './backend.ts'
import { hasCode } from './client-error.ts'
import type { CountsAsOf, Identity, Inbox } from './ports.ts'
import { call, requireUser, toCount, unreadable } from './request.ts'

/** @param wait resolves after that many milliseconds. */
export function createSupabaseInbox(
  supabase: Pick<Backend, 'rpc'>,
  identity: Identity,
  wait: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Inbox {
  return {
    async counts(userId, signal) {
      const data = await call(supabase.rpc('notification_counts'), 'history_unavailable', signal)
      await requireUser(identity, userId)
      return parseCounts(data)
    },
    async mark(userId, target, { seen, read, done }) {
      for (let attempt = 1; ; attempt += 1) {
        await requireUser(identity, userId)
        try {
          const changed = await call(
            supabase.rpc('mark_notifications', {
              ...('upTo' in target ? { p_up_to: target.upTo } : { p_seqs: [...target] }),
              ...(seen === undefined ? {} : { p_seen: seen }),
              ...(read === undefined ? {} : { p_read: read }),
              ...(done === undefined ? {} : { p_done: done }),
            }),
            'database_unavailable',
          )
          return typeof changed === 'number' ? changed : 0
        } catch (cause) {
          if (attempt > 7 || !hasCode(cause, 'rate_limited')) throw cause
          // Eight attempts within half a minute. The database gives ten marks a second.
          await wait(attempt * 1_000)
        }
      }
    },
  }
}

function parseCounts(data: unknown): CountsAsOf {
  const row: unknown = Array.isArray(data) ? data[0] : data
  if (!isRecord(row) || !(row.epoch === null || typeof row.epoch === 'string')) throw unreadable()
  return {
    epoch: row.epoch,
    seq: toCount(row.seq),
    unseen: toCount(row.unseen_count),
    unread: toCount(row.unread_count),
  }
}
