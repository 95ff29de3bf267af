/** Signed URLs in messages. A message that is replayed from the table may carry an expired URL. */

import { SIGNED_URL_FIELDS, type UserMessage } from '../../../functions-shared/message-types.ts'
import { familyOf } from '../../../functions-shared/parse-message.ts'

/** Validity of a URL that the client signs, in seconds. */
export const VALIDITY = 3_600

/** A URL that expires within so many milliseconds is signed again. */
export const MARGIN = 60_000

/** The message's URL when it has expired, is about to expire, or carries no time of expiry; else null. */
export function endedUrl(message: UserMessage, now: number): string | null {
  const [url, end] = urlFields(message).map((field): unknown => Reflect.get(message, field))
  return typeof url !== 'string' || Date.parse(String(end)) - MARGIN > now ? null : url
}

/** The message with a new URL, or without a URL when signing failed. */
export function withUrl(message: UserMessage, url: string | null, now: number): UserMessage {
  const changed = { ...message }
  const values = [url, new Date(now + VALIDITY * 1000).toISOString()]
  urlFields(message).forEach((field, index) => {
    if (url === null) Reflect.deleteProperty(changed, field)
    else Reflect.set(changed, field, values[index])
  })
  return changed
}

/** The fields of the URL and of its end; none for a kind whose messages carry no URL. */
function urlFields({ type }: UserMessage): readonly string[] {
  const family = familyOf(type)
  return (family === null ? undefined : SIGNED_URL_FIELDS[family]) ?? []
}
