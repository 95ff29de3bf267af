/** What a Realtime server says about a channel, whatever socket it comes over. */

import { isRecord } from '../../../functions-shared/unknown.ts'

/** Refusals that a new attempt with the same user will not cure by itself. */
const REFUSED = /^(Unauthorized|PrivateOnly|MalformedJWT|JwtSignatureError)\b/

/** @param reason of a join that was answered with an error. */
export function isRefusal(reason: string): boolean {
  return REFUSED.test(reason)
}

/** @param payload of a `system` message: the stream behind the channel flows. */
export function isReplicationReady(payload: unknown): boolean {
  return isRecord(payload) && payload.extension === 'system' && payload.status === 'ok'
}

/** Several devices of a user count once. @returns sorted. */
export function distinctUserIds(metas: readonly unknown[]): string[] {
  const userIds = metas.flatMap((meta) =>
    isRecord(meta) && typeof meta.userId === 'string' ? [meta.userId] : [],
  )
  return [...new Set(userIds)].sort()
}
