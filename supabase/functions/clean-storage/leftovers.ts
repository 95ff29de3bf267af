/** Objects in Storage that no row points to, as the database names them. */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import { query } from '../_shared/database.ts'
import { BUCKETS, type Bucket } from '../_shared/files.ts'

export interface Leftover {
  bucket: Bucket
  name: string
}

/** At most `limit` objects. @throws AppError `database_unavailable` */
export type Leftovers = (limit: number) => Promise<Leftover[]>

const leftovers = v.array(
  v.pipe(
    v.object({ bucket_id: v.enum(BUCKETS), name: v.string() }),
    v.transform(({ bucket_id: bucket, name }): Leftover => ({ bucket, name })),
  ),
)

export function createLeftovers(client: SupabaseClient): Leftovers {
  return (limit) => query(leftovers, client.rpc('storage_leftovers', { p_limit: limit }))
}
