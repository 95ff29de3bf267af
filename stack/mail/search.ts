/**
 * The part of Mailpit's search that tests use: words and "quoted words" that must all occur, `to:`, `from:` and `subject:`,
 * `is:read` and `is:unread`.
 */

import type { Mailbox, StoredMessage } from './messages.ts'

const TERM = /(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/gi

export function matchesSearch(message: StoredMessage, query: string): boolean {
  return [...query.matchAll(TERM)].every(([, field = '', quoted, bare]) =>
    matchesTerm(message, field.toLowerCase(), (quoted ?? bare ?? '').toLowerCase()),
  )
}

function matchesTerm(message: StoredMessage, field: string, word: string): boolean {
  const contains = (...texts: string[]): boolean => texts.some((text) => text.toLowerCase().includes(word))
  switch (field) {
    case 'to':
      return contains(...[...message.to, ...message.cc, ...message.bcc].map(written))
    case 'from':
      return contains(written(message.from))
    case 'subject':
      return contains(message.subject)
    case 'is':
      return word === (message.read ? 'read' : 'unread')
    case '':
      return contains(
        message.subject,
        message.text,
        message.html,
        ...[message.from, ...message.to].map(written),
      )
    default:
      return contains(`${field}:${word}`)
  }
}

function written({ name, address }: Mailbox): string {
  return `${name} <${address}>`
}
