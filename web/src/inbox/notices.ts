/**
 * The notifications that are in memory, and the list that people see of them: one item per thread (see `threadOf`), the latest first.
 * Pure.
 *
 * Each filter is read on its own, down to a `seq` of its own, because the table leaves out rows that do not match. A
 * notification below that `seq` is not listed, even where reading another filter has brought it: the list would have holes.
 */

import type { NotificationReadMessage, UserMessage } from '../../../functions-shared/message-types.ts'
import { familyOf } from '../../../functions-shared/parse-message.ts'
import { threadOf } from '../shared/message-words.ts'
import type { Notice, NoticeFilter } from './source.ts'

export interface InboxItem {
  /** See `threadOf`. */
  thread: string
  /** The thread's latest message, progress messages included. */
  message: UserMessage
  /** The thread's latest notification. */
  seq: number
  /** The thread's notifications that are in memory, ascending. */
  seqs: readonly number[]
  unread: boolean
}

/** How far back a filter has been read. */
export interface ReadRange {
  /** The oldest notification that was read; null before the first page. */
  seq: number | null
  /** The table has no older notification. */
  ended: boolean
}

/** Notifications that were marked as seen, read or done. */
export type Mark = Pick<NotificationReadMessage, 'upTo' | 'seqs' | 'seen' | 'read' | 'done'>

export type Notices = ReadonlyMap<number, Notice>

export const NOTHING_READ: ReadRange = { seq: null, ended: false }

export function filterKey({ unreadOnly, family, done }: NoticeFilter): string {
  return `${done ? 'done' : unreadOnly ? 'unread' : 'all'}:${family ?? 'every'}`
}

export function withNotices(notices: Notices, added: readonly Notice[]): Notices {
  const changed = new Map(notices)
  for (const notice of added) changed.set(notice.seq, notice)
  return changed
}

export function withMark(notices: Notices, { upTo, seqs, seen, read, done }: Mark): Notices {
  const marked = seqs === undefined ? [...notices.keys()].filter((seq) => seq <= (upTo ?? 0)) : seqs
  const changed = new Map(notices)
  for (const seq of marked) {
    const notice = changed.get(seq)
    if (notice === undefined) continue
    changed.set(seq, {
      ...notice,
      seen: seen ?? (read === true || done === true || notice.seen),
      read: read ?? (done === true || (seen !== false && notice.read)),
      done: done ?? (read !== false && seen !== false && notice.done),
    })
  }
  return changed
}

export interface ListOptions {
  filter: NoticeFilter
  range: ReadRange
  /** Progress messages by job id. They have no `seq` and are in no table. */
  progress: ReadonlyMap<string, UserMessage>
  /** Threads that stay in the list although they no longer match: the reader has just marked them. */
  keep?: ReadonlySet<string>
}

export function listItems(
  notices: Notices,
  { filter, range, progress, keep = new Set() }: ListOptions,
): InboxItem[] {
  if (range.seq === null && !range.ended) return []
  const oldest = range.ended ? 0 : (range.seq ?? 0)
  const items = new Map<string, { message: UserMessage; seqs: number[]; unread: boolean }>()
  const newestFirst = [...notices.values()].sort((one, other) => other.seq - one.seq)
  for (const { seq, message, read, done } of newestFirst) {
    if (message === null || seq < oldest || done !== filter.done) continue
    if (filter.family !== null && familyOf(message.type) !== filter.family) continue
    const thread = threadOf(message)
    const item = items.get(thread)
    if (item === undefined) items.set(thread, { message, seqs: [seq], unread: !read })
    else {
      item.seqs.unshift(seq)
      item.unread ||= !read
    }
  }
  return [...items].flatMap(([thread, { message, seqs, unread }]) => {
    if (filter.unreadOnly && !unread && !keep.has(thread)) return []
    const live = progress.get(thread)
    const isNewer = live !== undefined && revisionOf(live) > revisionOf(message)
    return [{ thread, message: isNewer ? live : message, seq: seqs.at(-1) ?? 0, seqs, unread }]
  })
}

/** 0 for a message that is not about a job. */
function revisionOf(message: UserMessage): number {
  return 'revision' in message ? (message.revision ?? 0) : 0
}
