/** Objects that nothing needs any more, as the database names them. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import { BUCKETS, type Bucket } from '../_shared/documents.ts'
import { databaseError } from '../_shared/upstream.ts'

export interface Leftover {
  bucket: Bucket
  name: string
}

/** At most so many of them. @throws AppError `database_unavailable` */
export type Leftovers = (limit: number) => Promise<Leftover[]>

export function createLeftovers(client: SupabaseClient): Leftovers {
  return async (limit) => {
    const { data, error, status } = await client.rpc('storage_leftovers', { p_limit: limit })
    if (error) throw databaseError({ error, status })
    const rows: unknown[] = Array.isArray(data) ? data : []
    return rows.flatMap((row) => {
      const bucket = isRecord(row) ? textAt(row, 'bucket_id') : undefined
      const name = isRecord(row) ? textAt(row, 'name') : undefined
      return isBucket(bucket) && name !== undefined ? [{ bucket, name }] : []
    })
  }
}

function isBucket(id: string | undefined): id is Bucket {
  return id !== undefined && Object.hasOwn(BUCKETS, id)
}
