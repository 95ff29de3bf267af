/** Signed URLs in messages: they end after a while, and a message replayed from the table may carry one that has. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'

/** Seconds that a URL signed again stays valid. */
export const VALIDITY = 3_600

/** Milliseconds: a URL that ends this soon is signed again as well. */
export const MARGIN = 60_000

/** The URL in a message that has ended or is about to; or may have, where the message does not say. */
export function endedUrl(message: JobMessage, now: number): string | null {
  const [url, end] =
    'documentType' in message
      ? [message.signedUrl, message.signedUrlExpiresAt]
      : 'reportId' in message
        ? [message.pdfUrl, message.pdfUrlExpiresAt]
        : []
  return url === undefined || Date.parse(end ?? '') - MARGIN > now ? null : url
}

/** The message with its URL replaced; without one where it could not be signed again. */
export function withUrl(message: JobMessage, url: string | null, now: number): JobMessage {
  const end = new Date(now + VALIDITY * 1000).toISOString()
  if ('documentType' in message) {
    const { signedUrl: _old, signedUrlExpiresAt: _end, ...rest } = message
    return url === null ? rest : { ...rest, signedUrl: url, signedUrlExpiresAt: end }
  }
  if ('reportId' in message) {
    const { pdfUrl: _old, pdfUrlExpiresAt: _end, ...rest } = message
    return url === null ? rest : { ...rest, pdfUrl: url, pdfUrlExpiresAt: end }
  }
  return message
}
