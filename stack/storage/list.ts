/** Lists the folders and objects that lie directly in a folder and that the caller may see. Folders come first. */

import * as v from 'valibot'
import type { Caller } from '../types.ts'
import { absent } from './body.ts'
import type { StorageDatabase } from './database.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** Names are sorted by bytes, not by the rules of the database's language. */
const SORT_BY = {
  name: 'name collate "C"',
  updated_at: 'updated_at',
  created_at: 'created_at',
  last_accessed_at: 'last_accessed_at',
} as const

const COUNT = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export const LIST_OPTIONS = v.object({
  prefix: v.nullish(v.string(), ''),
  search: v.nullish(v.string(), ''),
  limit: v.nullish(v.pipe(COUNT, v.minValue(1)), DEFAULT_LIMIT),
  offset: v.nullish(COUNT, 0),
  sortBy: absent(v.object({ column: absent(v.string()), order: absent(v.string()) })),
})

type ListOptions = v.InferOutput<typeof LIST_OPTIONS>

/** A folder has a name, and null in every other column. */
interface Entry {
  name: string
  id: string | null
  updated_at: Date | null
  created_at: Date | null
  last_accessed_at: Date | null
  metadata: unknown
}

/** A bucket that does not exist gives an empty list, as in the real Storage. */
export async function listObjects(
  database: StorageDatabase,
  caller: Caller,
  bucket: string,
  options: ListOptions,
): Promise<Response> {
  const { offset } = options
  const prefix = options.prefix.replace(/([^/])$/, '$1/')
  const search = options.search.replace(/[\\%_]/g, '\\$&')
  const limit = Math.min(options.limit, MAX_LIMIT)
  const entries = await database.transaction(caller, { operation: 'storage.object.list' }, (transaction) =>
    transaction.query<Entry>(listQuery(options.sortBy), [bucket, prefix, search, limit, offset]),
  )
  return Response.json(entries)
}

/** With the bounds on `name` in byte order, the index on (bucket_id, name) finds the folder. */
function listQuery(sortBy: ListOptions['sortBy']): string {
  const column = SORT_BY[isSortColumn(sortBy?.column) ? sortBy.column : 'name']
  const order = sortBy?.order === 'desc' ? 'desc' : 'asc'
  return `
    with found as (
      select substr(name, length($2) + 1) as rest, id, updated_at, created_at, last_accessed_at, metadata
      from storage.objects
      where bucket_id = $1
        and name collate "C" >= $2 and name collate "C" < $2 || U&'\\+10FFFF'
        and substr(name, length($2) + 1) ilike $3 || '%'
    ), entries as (
      select distinct split_part(rest, '/', 1) as name, null::uuid as id, null::timestamptz as updated_at,
        null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata
      from found where strpos(rest, '/') > 0
      union all
      select rest, id, updated_at, created_at, last_accessed_at, metadata
      from found where strpos(rest, '/') = 0
    )
    select * from entries
    order by (id is null) desc, ${column} ${order}, ${SORT_BY.name} ${order}
    limit $4 offset $5`
}

function isSortColumn(value: unknown): value is keyof typeof SORT_BY {
  return typeof value === 'string' && Object.hasOwn(SORT_BY, value)
}
