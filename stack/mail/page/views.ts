/** The mailbox's page: the list of messages, and one message with its HTML in a sandboxed frame. */

import { html } from 'hono/html'
import type { Mailbox, StoredMessage } from '../messages.ts'

type Html = ReturnType<typeof html>

const PARTS = ['html', 'text', 'source'] as const
type Part = (typeof PARTS)[number]
const PART_NAMES: Readonly<Record<Part, string>> = { html: 'HTML', text: 'Text', source: 'Source' }
/** Characters of a message's source that the page shows; the whole source is at `/api/v1/message/<id>/raw`. */
const MAX_SOURCE = 100_000

export function listPage(messages: readonly StoredMessage[], query: string): Html {
  const empty =
    query === ''
      ? html`<p class="empty">No mail yet. Mail that the stack sends appears here.</p>`
      : html`<p class="empty">No mail matches “${query}”.</p>`
  const rows = messages.map(
    (message) => html`<li class="${message.read ? 'read' : 'unread'}">
      <a class="row" href="/message/${message.id}">
        <span class="who">${recipients(message)}</span>
        <time class="when" datetime="${message.receivedAt.toISOString()}">${timeOf(message.receivedAt)}</time>
        <span class="subject">${message.subject || '(no subject)'}</span>
        <span class="snippet">${message.snippet}</span>
      </a>
    </li>`,
  )
  const emptyButton =
    messages.length === 0
      ? ''
      : html`<form method="post" action="/empty"><button type="submit">Empty</button></form>`
  return document(
    'Mailbox',
    html`<header>
        <h1>Mailbox</h1>
        <form class="search" role="search" action="/">
          <input type="search" name="query" value="${query}" placeholder="Search, e.g. to:ada@example.com"
            aria-label="Search mail" />
        </form>
        <div id="actions">${emptyButton}</div>
      </header>
      <main id="list">${rows.length === 0 ? empty : html`<ul>${rows}</ul>`}</main>
      <p id="news" role="status"></p>
      <script type="module" src="/mailbox.js"></script>`,
  )
}

export function messagePage(message: StoredMessage, wanted: string | undefined): Html {
  const shown = PARTS.find((part) => part === wanted) ?? (message.html === '' ? 'text' : 'html')
  const tabs = PARTS.filter((part) => part !== 'html' || message.html !== '').map(
    (part) =>
      html`<a href="?part=${part}" ${part === shown ? html`aria-current="page"` : ''}>${PART_NAMES[part]}</a>`,
  )
  const attachments = message.attachments.map(
    ({ id, fileName, bytes }) => html`<li>
      <a href="/api/v1/message/${message.id}/part/${id}">${fileName}</a> ${bytes.length} bytes
    </li>`,
  )
  return document(
    message.subject || '(no subject)',
    html`<header class="message">
        <a class="back" href="/">← All mail</a>
        <h1>${message.subject || '(no subject)'}</h1>
        <dl>
          <dt>From</dt>
          <dd>${written(message.from)}</dd>
          <dt>To</dt>
          <dd>${recipients(message)}</dd>
          <dt>Received</dt>
          <dd><time datetime="${message.receivedAt.toISOString()}">${timeOf(message.receivedAt)}</time></dd>
        </dl>
        <nav aria-label="Form of the message">${tabs}</nav>
        ${attachments.length === 0 ? '' : html`<ul class="attachments">${attachments}</ul>`}
      </header>
      <main class="message">${body(message, shown)}</main>`,
  )
}

export function notFoundPage(): Html {
  return document(
    'No such message',
    html`<main><p class="empty">This message is no longer in the mailbox. <a href="/">All mail</a></p></main>`,
  )
}

function body(message: StoredMessage, part: Part): Html {
  if (part === 'text') return html`<pre tabindex="0">${message.text}</pre>`
  if (part === 'source') {
    return html`<pre tabindex="0">${message.raw.subarray(0, MAX_SOURCE).toString('utf8')}</pre>`
  }
  return html`<iframe
    title="The message as its recipient sees it"
    src="/view/${message.id}.html"
    sandbox="allow-popups allow-popups-to-escape-sandbox"
    referrerpolicy="no-referrer"
  ></iframe>`
}

function document(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/mailbox.css" />
      </head>
      <body>
        ${content}
      </body>
    </html>`
}

function recipients({ to, cc, bcc }: StoredMessage): string {
  return [...to, ...cc, ...bcc].map(written).join(', ')
}

function written({ name, address }: Mailbox): string {
  return name === '' ? address : `${name} <${address}>`
}

function timeOf(date: Date): string {
  return date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
}
