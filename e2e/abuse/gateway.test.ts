/** The doors of the running stack and of the dashboard: names, pages on other origins, keys in pages, and JSON made to hurt. */

import { connect } from 'node:net'
import { describe, expect, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { newClient } from '../support/claims.ts'

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140'

/** The status of a request with this Host header, over a socket: `fetch` would refuse to send a malformed one. */
function statusAs(url: string, host: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.on('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString('latin1'))?.[1]))
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  })
}

describe('another name for this machine', () => {
  test('is refused by the gateway and by the dashboard, and a malformed one gets an answer', async () => {
    const { url } = inject('stack')
    const dashboardUrl = inject('dashboardUrl')
    for (const host of ['evil.example', '127.0.0.1.evil.example']) {
      expect(await statusAs(url, host, '/auth/v1/health')).toBe(403)
      expect(await statusAs(dashboardUrl, host, '/config.json')).toBe(403)
    }
    for (const host of ['', '[', 'user:password@localhost']) {
      expect(await statusAs(url, host, '/auth/v1/health')).toBe(400)
      expect(await statusAs(dashboardUrl, host, '/config.json')).toBeGreaterThanOrEqual(400)
    }
  })
})

test('a page on another origin cannot read config.json', async () => {
  const answer = await fetch(`${inject('dashboardUrl')}/config.json`, {
    headers: { origin: 'http://localhost:1' },
  })
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
})

describe('a secret key from a browser', () => {
  test('is refused by REST, Storage, Auth and HTTP broadcasts', async () => {
    const { url, keys } = inject('stack')
    for (const path of [
      '/rest/v1/jobs?limit=1',
      '/storage/v1/bucket',
      '/auth/v1/admin/users',
      '/realtime/v1/api/broadcast',
    ]) {
      const answer = await fetch(`${url}${path}`, {
        method: path.startsWith('/realtime') ? 'POST' : 'GET',
        headers: { apikey: keys.secretKey, 'user-agent': BROWSER },
      })
      expect({ path, status: answer.status }).toEqual({ path, status: 401 })
    }
  })

  test("is refused by Realtime's socket", async () => {
    const { url, keys } = inject('stack')
    const address = `${url.replace('http', 'ws')}/realtime/v1/websocket?vsn=2.0.0&apikey=${keys.secretKey}`
    const socket = new WebSocket(address, { headers: { 'user-agent': BROWSER } })
    const status = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.on('open', () => resolve('open'))
      socket.on('error', resolve)
    })
    socket.terminate()
    expect(status).toBe(401)
  })
})

test('JSON that is nested 100,000 deep is refused with 4xx by every address that reads JSON', async () => {
  const { url, keys } = inject('stack')
  const client = newClient()
  const { data } = await client.auth.signInAnonymously()
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const bodies: [path: string, body: string][] = [
    ['/rest/v1/rpc/send_to_topic', `{"p_topic":"a","p_event":"b","p_payload":${deep}}`],
    ['/rest/v1/case_notes', deep],
    ['/auth/v1/signup', `{"email":"a@example.test","password":"secret-word","data":${deep}}`],
    ['/storage/v1/object/list/uploads', `{"prefix":${deep}}`],
    ['/realtime/v1/api/broadcast', `{"messages":${deep}}`],
    ['/functions/v1/typeform-webhook', deep],
  ]
  for (const [path, body] of bodies) {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        apikey: keys.publishableKey,
        authorization: `Bearer ${data.session?.access_token}`,
        'content-type': 'application/json',
      },
      body,
    })
    expect({ path, refused: answer.status >= 400 && answer.status < 500 }).toEqual({ path, refused: true })
  }
})
