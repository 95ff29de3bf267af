/** The messages of the mailbox, newest first, kept in memory within bounds: the oldest messages make room. */

import { randomBytes } from 'node:crypto'
import PostalMime, { type Address, type Email } from 'postal-mime'

const MAX_MESSAGES = 500
/** Bytes of all messages together. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024
const SNIPPET_LENGTH = 250

export interface Mailbox {
  name: string
  address: string
}

export interface MailPart {
  id: string
  fileName: string
  contentType: string
  contentId: string
  bytes: Uint8Array
}

export interface StoredMessage {
  readonly id: string
  readonly messageId: string
  readonly from: Mailbox
  readonly to: readonly Mailbox[]
  readonly cc: readonly Mailbox[]
  /** Recipients of the envelope that no header names. */
  readonly bcc: readonly Mailbox[]
  readonly replyTo: readonly Mailbox[]
  readonly subject: string
  readonly receivedAt: Date
  /** The `Date` header, or the time of receipt where the header is missing or no date. */
  readonly sentAt: Date
  readonly headers: readonly { name: string; value: string }[]
  readonly html: string
  readonly text: string
  readonly snippet: string
  readonly attachments: readonly MailPart[]
  readonly inline: readonly MailPart[]
  readonly raw: Buffer
  read: boolean
}

export interface MessageStore {
  /** @param recipients addresses of the SMTP envelope */
  add(raw: Buffer, recipients: readonly string[]): Promise<StoredMessage>
  /** Newest first. */
  all(): readonly StoredMessage[]
  /** `latest` is the newest message. */
  find(id: string): StoredMessage | undefined
  /** Without ids: every message. */
  remove(ids?: readonly string[]): void
  /** Calls `listener` after every change, until the returned function is called. */
  onChange(listener: () => void): () => void
}

export function createMessageStore(bounds: { messages?: number; bytes?: number } = {}): MessageStore {
  const { messages: maxMessages = MAX_MESSAGES, bytes: maxBytes = MAX_TOTAL_BYTES } = bounds
  let messages: StoredMessage[] = []
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  return {
    async add(raw, recipients) {
      const message = await parse(raw, recipients)
      messages = withinBounds([message, ...messages], maxMessages, maxBytes)
      changed()
      return message
    },
    all: () => messages,
    find: (id) => (id === 'latest' ? messages[0] : messages.find((message) => message.id === id)),
    remove(ids) {
      messages = ids === undefined ? [] : messages.filter(({ id }) => !ids.includes(id))
      changed()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function withinBounds(messages: StoredMessage[], maxMessages: number, maxBytes: number): StoredMessage[] {
  let bytes = 0
  return messages.filter(({ raw }, index) => {
    bytes += raw.length
    return index < maxMessages && bytes <= maxBytes
  })
}

async function parse(raw: Buffer, recipients: readonly string[]): Promise<StoredMessage> {
  const email = await PostalMime.parse(raw)
  const to = mailboxes(email.to)
  const cc = mailboxes(email.cc)
  const named = new Set([...to, ...cc].map(({ address }) => address.toLowerCase()))
  const parts = partsOf(email)
  const text = email.text ?? ''
  const receivedAt = new Date()
  return {
    id: randomBytes(16).toString('base64url'),
    messageId: (email.messageId ?? '').replace(/^<|>$/g, ''),
    from: mailboxes(email.from && [email.from])[0] ?? { name: '', address: '' },
    to,
    cc,
    bcc: recipients
      .filter((address) => !named.has(address.toLowerCase()))
      .map((address) => ({ name: '', address })),
    replyTo: mailboxes(email.replyTo),
    subject: email.subject ?? '',
    receivedAt,
    sentAt: dateOf(email.date) ?? receivedAt,
    headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
    html: email.html ?? '',
    text,
    snippet: text.replace(/\s+/g, ' ').trim().slice(0, SNIPPET_LENGTH),
    attachments: parts.filter(({ contentId }) => contentId === ''),
    inline: parts.filter(({ contentId }) => contentId !== ''),
    raw,
    read: false,
  }
}

function mailboxes(addresses: readonly Address[] | undefined): Mailbox[] {
  return (addresses ?? []).flatMap(({ name, address, group }) =>
    address === undefined ? mailboxes(group) : [{ name, address }],
  )
}

function partsOf(email: Email): MailPart[] {
  return email.attachments.map((attachment, index) => ({
    id: String(index + 1),
    fileName: attachment.filename ?? `attachment-${index + 1}`,
    contentType: attachment.mimeType,
    contentId: (attachment.contentId ?? '').replace(/^<|>$/g, ''),
    bytes:
      typeof attachment.content === 'string'
        ? Buffer.from(attachment.content)
        : new Uint8Array(attachment.content),
  }))
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}
