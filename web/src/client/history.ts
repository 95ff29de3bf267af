/** Notifications from before a page was opened, for views that show more than what arrives. */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import { isDurable, parseMessage } from '../../../functions-shared/parse-message.ts'
import type { Clock, NotificationSource, UrlSigner } from './ports.ts'
import { endedUrl, withUrl } from './signed-urls.ts'

export interface HistoryOptions {
  userId: string
  source: NotificationSource
  signer: UrlSigner
  clock: Clock
}

/**
 * The user's latest notifications up to one number, newest first. Expired URLs are signed again; a message whose URL cannot
 * be signed has none.
 *
 * @throws AppError `history_unavailable`, `user_mismatch`.
 */
export async function readHistory(
  { userId, source, signer, clock }: HistoryOptions,
  upTo: number,
  limit: number,
  signal: AbortSignal,
): Promise<UserMessage[]> {
  if (upTo === 0) return []
  const rows = await source.readPage(userId, Math.max(0, upTo - limit), limit, signal)
  const messages: UserMessage[] = rows.flatMap(({ payload }) => {
    const parsed = parseMessage(payload)
    return parsed.kind === 'message' && isDurable(parsed.message) ? [parsed.message] : []
  })
  const now = clock()
  const urls = messages.flatMap((message) => endedUrl(message, now) ?? [])
  const fresh =
    urls.length === 0
      ? new Map<string, string | null>()
      : await signer.signAgain(urls).catch(() => new Map<string, string | null>())
  return messages
    .map((message) => {
      const old = endedUrl(message, now)
      return old === null ? message : withUrl(message, fresh.get(old) ?? null, now)
    })
    .reverse()
}
