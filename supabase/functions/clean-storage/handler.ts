/**
 * Removes objects that no row points to, through Storage's API, which deletes rows and bytes. Each round asks the
 * database again, so that two calls at the same time do no harm. The next hour's call removes the rest.
 */

import type { Bucket, Files } from '../_shared/files.ts'
import { errorResponse, jsonResponse, requireMethod } from '../_shared/http.ts'
import type { Log } from '../_shared/log.ts'
import type { Leftover, Leftovers } from './leftovers.ts'

export interface CleaningDependencies {
  leftovers: Leftovers
  files: Pick<Files, 'remove'>
  log: Log
}

/** Objects in one round: the most that Storage removes in one call. */
export const ROUND = 1000
const MAX_ROUNDS = 10

/** 200 `{"removed": n}`; 503 while the database or Storage is unavailable. */
export async function handleCleaning(
  request: Request,
  { leftovers, files, log }: CleaningDependencies,
): Promise<Response> {
  try {
    requireMethod(request, 'POST')
    let removed = 0
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const found = await leftovers(ROUND)
      for (const [bucket, names] of byBucket(found)) await files.remove(bucket, names)
      removed += found.length
      if (found.length < ROUND) break
    }
    if (removed > 0) log.info('storage_cleaned', { removed })
    return jsonResponse({ removed })
  } catch (error) {
    return errorResponse(error, log)
  }
}

function byBucket(found: readonly Leftover[]): Map<Bucket, string[]> {
  const names = new Map<Bucket, string[]>()
  for (const { bucket, name } of found) names.set(bucket, [...(names.get(bucket) ?? []), name])
  return names
}
