/**
 * Reads notifications, names and reports for the inbox, with the user's own rights. Pages are read backwards over the
 * primary key `(user_id, seq)`, so an old page costs no more than a new one. Unread notifications have their own index.
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import {
  JOB_MESSAGE_FAMILIES,
  type JobMessageFamily,
  type UserMessage,
} from '../../../functions-shared/message-types.ts'
import { parseMessage } from '../../../functions-shared/parse-message.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'

/** A row of `notifications`. */
export interface Notice {
  seq: number
  /** Null for a message type that this version of the page does not know. */
  message: UserMessage | null
  seen: boolean
  read: boolean
  /** The user has put it aside. */
  done: boolean
}

export interface NoticeFilter {
  unreadOnly: boolean
  /** Those that the user has put aside, instead of the others. */
  done: boolean
  /** Null for every kind. */
  family: JobMessageFamily | null
}

/** Names by id. Ids of rows that the user may not see are left out. */
export interface Names {
  /** File names. */
  documents: ReadonlyMap<string, string>
  /** Titles. */
  incidents: ReadonlyMap<string, string>
}

export interface PageRequest {
  /** Only notifications with a lower `seq`; null for the newest of all. */
  before: number | null
  limit: number
  filter: NoticeFilter
}

/** All methods reject with an AppError, `history_unavailable`. */
export interface InboxSource {
  /** Newest first. */
  readPage(page: PageRequest & { signal: AbortSignal }): Promise<Notice[]>
  readNames(ids: { documents: readonly string[]; incidents: readonly string[] }): Promise<Names>
  /** A signed URL that saves the report under its file name; null for a report without a file. */
  reportUrl(reportId: string): Promise<string | null>
}

/** Milliseconds after which a read fails. */
const READ_TIMEOUT = 10_000

/** Seconds that the URL of a report is valid. It is used at once. */
const URL_VALIDITY = 300

export function createInboxSource(
  supabase: Pick<SupabaseClient, 'from' | 'storage'>,
  userId: string,
): InboxSource {
  return {
    async readPage({ before, limit, filter, signal }) {
      let query = supabase
        .from('notifications')
        .select('seq, payload, seen_at, read_at, done_at')
        .eq('user_id', userId)
      if (before !== null) query = query.lt('seq', before)
      query = filter.done ? query.not('done_at', 'is', null) : query.is('done_at', null)
      if (filter.unreadOnly) query = query.is('read_at', null)
      if (filter.family !== null) query = query.in('type', typesOf(filter.family))
      const rows = await answer(
        query
          .order('seq', { ascending: false })
          .limit(limit)
          .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT)])),
      )
      return rows.map(toNotice)
    },
    async readNames({ documents, incidents }) {
      const limit = AbortSignal.timeout(READ_TIMEOUT)
      const named = async (table: string, column: string, ids: readonly string[]) => {
        if (ids.length === 0) return new Map<string, string>()
        const query = supabase
          .from(table)
          .select(`id, name:${column}`)
          .in('id', [...ids])
        return new Map((await answer(query.abortSignal(limit))).flatMap(toName))
      }
      const [documentNames, incidentNames] = await Promise.all([
        named('documents', 'file_name', documents),
        named('incidents', 'title', incidents),
      ])
      return { documents: documentNames, incidents: incidentNames }
    },
    async reportUrl(reportId) {
      const query = supabase.from('reports').select('path, file_name').eq('id', reportId).limit(1)
      const [row] = await answer(query.abortSignal(AbortSignal.timeout(READ_TIMEOUT)))
      if (typeof row?.path !== 'string') return null
      const download = typeof row.file_name === 'string' ? row.file_name : true
      const { data, error } = await supabase.storage
        .from('reports')
        .createSignedUrl(row.path, URL_VALIDITY, { download })
      if (error) throw unavailable(error)
      return data.signedUrl
    },
  }
}

function typesOf(family: JobMessageFamily): string[] {
  return Object.entries(JOB_MESSAGE_FAMILIES).flatMap(([type, each]) => (each === family ? [type] : []))
}

async function answer(
  request: PromiseLike<{ data: unknown; error: unknown }>,
): Promise<Record<string, unknown>[]> {
  let result: { data: unknown; error: unknown }
  try {
    result = await request
  } catch (cause) {
    throw unavailable(cause)
  }
  if (result.error) throw unavailable(result.error)
  if (!Array.isArray(result.data) || !result.data.every(isRecord))
    throw unavailable(new TypeError('expected a list of rows'))
  return result.data
}

function toNotice({ seq, payload, seen_at, read_at, done_at }: Record<string, unknown>): Notice {
  // PostgREST sends bigint as a number, other layers as text.
  const number = Number(seq)
  if (!Number.isSafeInteger(number) || number <= 0)
    throw unavailable(new TypeError('a notification without a seq'))
  const parsed = parseMessage(payload)
  return {
    seq: number,
    message: parsed.kind === 'message' ? parsed.message : null,
    seen: seen_at !== null,
    read: read_at !== null,
    done: done_at !== null,
  }
}

function toName({ id, name }: Record<string, unknown>): [string, string][] {
  return typeof id === 'string' && typeof name === 'string' && name !== '' ? [[id, name]] : []
}

function unavailable(cause: unknown): AppError {
  return new AppError('history_unavailable', { cause })
}
