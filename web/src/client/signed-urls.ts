/** Signed URLs in messages. A message that is replayed from the table may carry an expired URL. */

import {
  JOB_MESSAGE_FAMILIES,
  type JobMessage,
  SIGNED_URL_FIELDS,
} from '../../../functions-shared/message-types.ts'

/** Validity of a URL that the client signs, in seconds. */
export const VALIDITY = 3_600

/** A URL that expires within so many milliseconds is signed again. */
export const MARGIN = 60_000

/** The message's URL when it has expired, is about to expire, or carries no time of expiry; else null. */
export function endedUrl(message: JobMessage, now: number): string | null {
  const [url, end] = urlFields(message).map((field): unknown => Reflect.get(message, field))
  return typeof url !== 'string' || Date.parse(String(end)) - MARGIN > now ? null : url
}

/** The message with a new URL, or without a URL when signing failed. */
export function withUrl(message: JobMessage, url: string | null, now: number): JobMessage {
  const changed = { ...message }
  const values = [url, new Date(now + VALIDITY * 1000).toISOString()]
  urlFields(message).forEach((field, index) => {
    if (url === null) Reflect.deleteProperty(changed, field)
    else Reflect.set(changed, field, values[index])
  })
  return changed
}

/** The fields of the URL and of its end; none for a kind whose messages carry no URL. */
function urlFields({ type }: JobMessage): readonly string[] {
  return SIGNED_URL_FIELDS[JOB_MESSAGE_FAMILIES[type]] ?? []
}
