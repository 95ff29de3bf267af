/** Addresses of the mailbox: the page, the messages as documents, and the part of Mailpit's API that tests use. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import { csrf } from 'hono/csrf'
import { secureHeaders } from 'hono/secure-headers'
import { streamSSE } from 'hono/streaming'
import { isRecord } from '../../functions-shared/unknown.ts'
import { parseJson } from '../json.ts'
import { headersJson, listJson, messageJson } from './api.ts'
import type { MessageStore, StoredMessage } from './messages.ts'
import { listPage, messagePage, notFoundPage } from './page/views.ts'
import { matchesSearch } from './search.ts'

/** The page itself. Its only script is a file of its own. */
const PAGE_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ['data:'],
  connectSrc: ["'self'"],
  frameSrc: ["'self'"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
}

/**
 * A message's HTML. No script runs and nothing is loaded from anywhere; links open in a window of their own. The `sandbox`
 * holds also where the address is opened without the page's frame.
 */
const MESSAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; " +
  "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

const CONTENT_TYPES = { 'mailbox.css': 'text/css', 'mailbox.js': 'text/javascript' } as const
const PING_MS = 25_000

export function createMailboxRoutes(store: MessageStore, stopping: AbortSignal): Hono {
  const app = new Hono()
  const find = (id: string): StoredMessage | undefined => store.find(id)
  const page = secureHeaders({ contentSecurityPolicy: PAGE_POLICY, strictTransportSecurity: false })

  app.use(async (c, next) => {
    await next()
    c.res.headers.set('cache-control', 'no-store')
    c.res.headers.set('x-content-type-options', 'nosniff')
    c.res.headers.set('referrer-policy', 'no-referrer')
  })

  app.get('/', page, (c) => {
    const query = c.req.query('query') ?? ''
    const messages = store.all().filter((message) => matchesSearch(message, query))
    return c.html(listPage(messages, query))
  })
  app.get('/message/:id', page, (c) => {
    const message = find(c.req.param('id'))
    if (message === undefined) return c.html(notFoundPage(), 404)
    message.read = true
    return c.html(messagePage(message, c.req.query('part')))
  })
  // Forms of other pages cannot empty the mailbox; DELETE and other methods need leave that no page gets.
  app.post('/empty', csrf(), (c) => {
    store.remove()
    return c.redirect('/', 303)
  })
  for (const [name, type] of Object.entries(CONTENT_TYPES)) {
    const body = readFileSync(join(import.meta.dirname, 'page', name), 'utf8')
    app.get(`/${name}`, (c) => c.body(body, 200, { 'content-type': `${type}; charset=utf-8` }))
  }
  app.get('/events', (c) =>
    streamSSE(c, async (stream) => {
      const send = (event: 'change' | 'ping'): void => void stream.writeSSE({ event, data: '' })
      const forget = store.onChange(() => send('change'))
      const timer = setInterval(() => send('ping'), PING_MS)
      // The browser takes the connection for open with its first bytes.
      send('ping')
      await new Promise<void>((resolve) => {
        stream.onAbort(resolve)
        stopping.addEventListener('abort', () => resolve())
      })
      clearInterval(timer)
      forget()
    }),
  )

  app.get('/view/:file{.+\\.html}', (c) => {
    const message = find(c.req.param('file').replace(/\.html$/, ''))
    if (message === undefined) return c.text('Message not found', 404)
    return c.body(`<base target="_blank">${message.html}`, 200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': MESSAGE_POLICY,
    })
  })
  app.get('/view/:file{.+\\.txt}', (c) => {
    const message = find(c.req.param('file').replace(/\.txt$/, ''))
    return message === undefined ? c.text('Message not found', 404) : c.text(message.text)
  })

  app.get('/livez', (c) => c.text('ok'))
  app.get('/api/v1/messages', (c) => c.json(listJson(store.all(), store.all(), new URL(c.req.url))))
  app.get('/api/v1/search', (c) => {
    const query = c.req.query('query') ?? ''
    const matching = store.all().filter((message) => matchesSearch(message, query))
    return c.json(listJson(store.all(), matching, new URL(c.req.url)))
  })
  app.delete('/api/v1/messages', async (c) => {
    const ids = idsOf(await c.req.text())
    if (ids === 'malformed') return c.text('Error: the body is not {"IDs": [...]}', 400)
    store.remove(ids)
    return c.text('ok')
  })
  app.get('/api/v1/message/:id', (c) => {
    const message = find(c.req.param('id'))
    if (message === undefined) return c.text('Message not found', 404)
    message.read = true
    return c.json(messageJson(message))
  })
  app.get('/api/v1/message/:id/headers', (c) => {
    const message = find(c.req.param('id'))
    return message === undefined ? c.text('Message not found', 404) : c.json(headersJson(message))
  })
  app.get('/api/v1/message/:id/raw', (c) => {
    const message = find(c.req.param('id'))
    if (message === undefined) return c.text('Message not found', 404)
    return c.body(new Uint8Array(message.raw), 200, { 'content-type': 'text/plain; charset=utf-8' })
  })
  app.get('/api/v1/message/:id/part/:part', (c) => {
    const message = find(c.req.param('id'))
    const part = [...(message?.attachments ?? []), ...(message?.inline ?? [])].find(
      ({ id }) => id === c.req.param('part'),
    )
    if (part === undefined) return c.text('Part not found', 404)
    // Never as a document of the mailbox's origin: an attachment may be HTML.
    return c.body(new Uint8Array(part.bytes), 200, {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(part.fileName)}`,
    })
  })
  app.notFound((c) => c.text('There is no such address', 404))
  return app
}

/** Undefined for an empty body or an empty list, which mean every message. */
function idsOf(body: string): readonly string[] | undefined | 'malformed' {
  if (body === '') return undefined
  try {
    const value = parseJson(body)
    const ids = isRecord(value) ? (value.IDs ?? []) : null
    if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) return 'malformed'
    return ids.length === 0 ? undefined : ids
  } catch {
    return 'malformed'
  }
}
