/** Meaning of a Realtime server's messages about a channel, for both transports. */

import { isRecord } from '../../../functions-shared/unknown.ts'

/** Refusals that a retry with the same user does not cure. */
const REFUSED = /^(Unauthorized|PrivateOnly|MalformedJWT|JwtSignatureError)\b/

/** @param reason from the error reply to a join. */
export function isRefusal(reason: string): boolean {
  return REFUSED.test(reason)
}

/** Whether a `system` message says that the replication stream has started. */
export function isReplicationReady(payload: unknown): boolean {
  return isRecord(payload) && payload.extension === 'system' && payload.status === 'ok'
}

/** Sorted ids of the present users. Several devices of one user count once. */
export function distinctUserIds(metas: readonly unknown[]): string[] {
  const userIds = metas.flatMap((meta) =>
    isRecord(meta) && typeof meta.userId === 'string' ? [meta.userId] : [],
  )
  return [...new Set(userIds)].sort()
}
