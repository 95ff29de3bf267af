/** Signed URLs in messages: they end after a while, and a message replayed from the table may carry one that has. */

import {
  JOB_MESSAGE_FAMILIES,
  type JobMessage,
  SIGNED_URL_FIELDS,
} from '../../../functions-shared/message-types.ts'

/** Seconds that a URL signed again stays valid. */
export const VALIDITY = 3_600

/** Milliseconds: a URL that ends this soon is signed again as well. */
export const MARGIN = 60_000

/** The URL in a message that has ended or is about to; or may have, where the message does not say. */
export function endedUrl(message: JobMessage, now: number): string | null {
  const [url, end] = urlFields(message).map((field): unknown => Reflect.get(message, field))
  return typeof url !== 'string' || Date.parse(String(end)) - MARGIN > now ? null : url
}

/** The message with its URL replaced; without one where it could not be signed again. */
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
