/** Messages as JSON, in the form of Mailpit's API version 1: the same tests read the mailbox of `supabase start`. */

import type { Mailbox, MailPart, StoredMessage } from './messages.ts'

const MAX_PAGE = 500
const DEFAULT_PAGE = 50

/** `GET /api/v1/messages` and `GET /api/v1/search`. */
export function listJson(
  all: readonly StoredMessage[],
  matching: readonly StoredMessage[],
  url: URL,
): object {
  const start = wholeNumber(url.searchParams.get('start'), 0)
  const limit = Math.min(wholeNumber(url.searchParams.get('limit'), DEFAULT_PAGE), MAX_PAGE)
  const page = matching.slice(start, start + limit)
  const unread = (messages: readonly StoredMessage[]): number =>
    messages.filter((message) => !message.read).length
  return {
    total: all.length,
    unread: unread(all),
    count: page.length,
    messages_count: matching.length,
    messages_unread: unread(matching),
    start,
    tags: [],
    messages: page.map((message) => ({
      ...common(message),
      Read: message.read,
      Created: message.receivedAt.toISOString(),
      Attachments: message.attachments.length,
      Snippet: message.snippet,
    })),
  }
}

/** `GET /api/v1/message/<id>`. */
export function messageJson(message: StoredMessage): object {
  return {
    ...common(message),
    ReturnPath: message.from.address,
    Date: message.sentAt.toISOString(),
    Text: message.text,
    HTML: message.html,
    Inline: message.inline.map(partJson),
    Attachments: message.attachments.map(partJson),
  }
}

/** `GET /api/v1/message/<id>/headers`. */
export function headersJson(message: StoredMessage): Record<string, string[]> {
  const headers = Object.create(null)
  for (const { name, value } of message.headers) headers[name] = [...(headers[name] ?? []), value]
  return headers
}

function common(message: StoredMessage): object {
  return {
    ID: message.id,
    MessageID: message.messageId,
    From: mailboxJson(message.from),
    To: message.to.map(mailboxJson),
    Cc: message.cc.map(mailboxJson),
    Bcc: message.bcc.map(mailboxJson),
    ReplyTo: message.replyTo.map(mailboxJson),
    Subject: message.subject,
    Username: '',
    Tags: [],
    Size: message.raw.length,
  }
}

function mailboxJson({ name, address }: Mailbox): object {
  return { Name: name, Address: address }
}

function partJson({ id, fileName, contentType, contentId, bytes }: MailPart): object {
  return {
    PartID: id,
    FileName: fileName,
    ContentType: contentType,
    ContentID: contentId,
    Size: bytes.length,
  }
}

function wholeNumber(text: string | null, fallback: number): number {
  const value = Number(text)
  return text !== null && Number.isSafeInteger(value) && value >= 0 ? value : fallback
}
