import { request } from 'node:http'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMemoryLogger } from '../logger.ts'
import { createMailbox, type MailboxService } from './index.ts'
import { createMessageStore } from './messages.ts'

const logger = createMemoryLogger()
let mailbox: MailboxService

beforeAll(async () => {
  mailbox = await createMailbox({ port: 0, logger })
})

beforeEach(async () => {
  await fetch(`${mailbox.url}/api/v1/messages`, { method: 'DELETE' })
})

afterAll(() => mailbox.stop())

const MAIL = {
  from: 'Claimwire <no-reply@claimwire.test>',
  to: 'Ada <ada@example.com>',
  subject: 'Grüße',
  html: '<p>Hello <b>Ada</b></p><script>alert(1)</script>',
  text: 'Hello Ada',
}

async function send(mail: object = {}): Promise<void> {
  const transport = createTransport({ ...mailbox.smtp, ignoreTLS: true })
  await transport.sendMail({ ...MAIL, ...mail })
  transport.close()
}

async function get(path: string): Promise<Response> {
  return fetch(`${mailbox.url}${path}`)
}

async function json(path: string): Promise<unknown> {
  return (await get(path)).json()
}

function statusAs(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(mailbox.url, { headers: { host } }, ({ statusCode }) => resolve(statusCode))
      .on('error', reject)
      .end()
  })
}

describe("Mailpit's API", () => {
  test('lists messages, newest first, in pages', async () => {
    for (const subject of ['one', 'two', 'three']) await send({ subject })
    expect(await json('/api/v1/messages?limit=2')).toMatchObject({
      total: 3,
      unread: 3,
      count: 2,
      messages_count: 3,
      start: 0,
      messages: [
        {
          Subject: 'three',
          From: { Name: 'Claimwire', Address: 'no-reply@claimwire.test' },
          To: [{ Name: 'Ada', Address: 'ada@example.com' }],
          Read: false,
          Snippet: 'Hello Ada',
          Attachments: 0,
        },
        { Subject: 'two' },
      ],
    })
    expect(await json('/api/v1/messages?start=2')).toMatchObject({ messages: [{ Subject: 'one' }] })
  })

  test('gives a message with text, HTML, headers and source, and marks it as read', async () => {
    await send({ headers: { 'X-One': '1' }, bcc: 'grace@example.com' })
    expect(await json('/api/v1/message/latest')).toMatchObject({
      Subject: 'Grüße',
      Text: expect.stringContaining('Hello Ada'),
      HTML: expect.stringContaining('<b>Ada</b>'),
      Bcc: [{ Name: '', Address: 'grace@example.com' }],
    })
    expect(await json('/api/v1/messages')).toMatchObject({ unread: 0, messages: [{ Read: true }] })
    expect(await json('/api/v1/message/latest/headers')).toMatchObject({ 'X-One': ['1'] })
    expect(await (await get('/api/v1/message/latest/raw')).text()).toContain('X-One: 1')
  })

  test.each([
    ['to:ada@example.com', 1],
    ['to:"ada@example.com" subject:invoice', 0],
    ['to:grace', 1],
    ['from:claimwire Grüße', 1],
    ['is:read', 0],
    ['is:unread', 2],
    ['nothing', 0],
  ])('finds by %s', async (query, count) => {
    await send()
    await send({ to: 'grace@example.com', subject: 'Invoice' })
    const found = await json(`/api/v1/search?query=${encodeURIComponent(query)}`)
    expect(found).toMatchObject({ messages_count: count, count, total: 2 })
  })

  test('deletes some messages or all', async () => {
    for (const subject of ['one', 'two', 'three']) await send({ subject })
    const list = await json('/api/v1/messages')
    const id = JSON.parse(JSON.stringify(list)).messages[0].ID
    const remove = (body?: string) =>
      fetch(`${mailbox.url}/api/v1/messages`, { method: 'DELETE', ...(body !== undefined && { body }) })
    expect(await (await remove(JSON.stringify({ IDs: [id] }))).text()).toBe('ok')
    expect(await json('/api/v1/messages')).toMatchObject({ total: 2 })
    for (const body of ['[', '[]', '{"IDs":[1]}']) expect((await remove(body)).status).toBe(400)
    await remove('{}')
    expect(await json('/api/v1/messages')).toMatchObject({ total: 0 })
  })

  test('an attachment is a download, whatever its type', async () => {
    const content = '<script>alert(1)</script>'
    await send({ attachments: [{ filename: 'a"b.html', content, contentType: 'text/html' }] })
    expect(await json('/api/v1/message/latest')).toMatchObject({
      Attachments: [{ FileName: 'a"b.html', ContentType: 'text/html', Size: content.length, PartID: '1' }],
    })
    const part = await get('/api/v1/message/latest/part/1')
    expect(part.headers.get('content-type')).toBe('application/octet-stream')
    expect(part.headers.get('content-disposition')).toMatch(/^attachment;/)
    expect(await part.text()).toBe(content)
  })

  test('what does not exist is 404', async () => {
    for (const path of ['/api/v1/message/x', '/api/v1/message/x/raw', '/view/x.html', '/message/x', '/x']) {
      expect((await get(path)).status, path).toBe(404)
    }
  })
})

describe('the page', () => {
  test('shows what a sender wrote as text, never as markup', async () => {
    const evil = '<img src=x onerror=alert(1)>'
    await send({ subject: evil, from: { name: evil, address: 'x@example.com' }, text: evil })
    for (const path of ['/', '/message/latest', '/message/latest?part=text', '/message/latest?part=source']) {
      const page = await get(path)
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
      const text = await page.text()
      expect(text).toContain('&lt;img')
      expect(text).not.toContain('<img')
    }
  })

  test('shows HTML in a frame that runs no script and loads nothing', async () => {
    await send()
    const page = await (await get('/message/latest')).text()
    expect(page).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"')
    const policy = (await get('/view/latest.html')).headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain('sandbox allow-popups allow-popups-to-escape-sandbox')
    expect(policy).not.toContain('script-src')
  })

  test("another page's form cannot empty the mailbox", async () => {
    await send()
    const empty = (origin: string) =>
      fetch(`${mailbox.url}/empty`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
      })
    expect((await empty('https://evil.test')).status).toBe(403)
    expect(await json('/api/v1/messages')).toMatchObject({ total: 1 })
    expect((await empty(mailbox.url)).status).toBe(303)
    expect(await json('/api/v1/messages')).toMatchObject({ total: 0 })
  })

  test('is told of a new message', async () => {
    const reader = (await get('/events')).body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toContain('event: ping')
    await send()
    expect((await reader?.read())?.value).toContain('event: change')
    await reader?.cancel()
  })

  test('answers to its own names only', async () => {
    expect(await statusAs(new URL(mailbox.url).host)).toBe(200)
    expect(await statusAs('mail.evil.test')).toBe(403)
    expect(await statusAs('a b')).toBe(400)
  })
})

describe('hostile mail', () => {
  test('a message above the limit is refused', async () => {
    await expect(send({ text: 'x'.repeat(6 * 1024 * 1024) })).rejects.toThrow(/too large|exceeds|552/i)
    expect(await json('/api/v1/messages')).toMatchObject({ total: 0 })
  })

  test('a message that is nearly none is kept', async () => {
    const transport = createTransport({ ...mailbox.smtp, ignoreTLS: true })
    await transport.sendMail({ envelope: { from: 'a@b.test', to: ['c@d.test'] }, raw: 'nonsense' })
    transport.close()
    expect(await json('/api/v1/messages')).toMatchObject({
      messages: [{ Subject: '', Bcc: [{ Address: 'c@d.test' }] }],
    })
    expect((await get('/message/latest')).status).toBe(200)
  })
})

describe('the store', () => {
  const raw = (subject: string): Buffer => Buffer.from(`Subject: ${subject}\r\n\r\nx`)

  test('drops the oldest messages above its number and above its bytes', async () => {
    const byNumber = createMessageStore({ messages: 2 })
    const byBytes = createMessageStore({ bytes: raw('1').length * 2 })
    for (const store of [byNumber, byBytes]) {
      for (const subject of ['1', '2', '3']) await store.add(raw(subject), [])
      expect(store.all().map((message) => message.subject)).toEqual(['3', '2'])
    }
  })
})

test('nothing was logged as an error', () => {
  expect(logger.entries.filter(({ level }) => level === 'error')).toEqual([])
})
