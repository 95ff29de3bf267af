import { createHash, randomBytes } from 'node:crypto'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { AppError } from '../../functions-shared/app-error.ts'
import { generateKeys, mintToken } from '../keys/index.ts'
import { createMemoryLogger } from '../logger.ts'
import type { Caller, HttpService, StackKeys } from '../types.ts'
import { createGateway, type Gateway } from './index.ts'

/** What a service was called with, answered as JSON. */
interface Echo {
  service: string
  path: string
  search: string
  method: string
  caller: Caller
  headers: Record<string, string>
}

let latest: Echo | undefined

function echo(service: string): HttpService {
  return {
    async fetch(request, { caller, path }) {
      latest = {
        service,
        path,
        search: new URL(request.url).search,
        method: request.method,
        caller,
        headers: Object.fromEntries(request.headers),
      }
      return Response.json(latest)
    },
  }
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let keys: StackKeys
let gateway: Gateway
let logger: ReturnType<typeof createMemoryLogger>
let functions: HttpService

beforeAll(async () => {
  keys = await generateKeys()
  logger = createMemoryLogger()
  gateway = await createGateway({
    port: 0,
    keys,
    logger,
    services: {
      rest: echo('rest'),
      auth: echo('auth'),
      storage: echo('storage'),
      realtime: echo('realtime'),
      functions: { fetch: (request, context) => functions.fetch(request, context) },
    },
  })
})

beforeEach(() => {
  functions = echo('functions')
})

afterAll(async () => {
  await gateway.stop()
})

async function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(`${gateway.url}${path}`, { method, headers })
}

async function echoed(path: string, headers: Record<string, string> = {}): Promise<Echo> {
  latest = undefined
  const response = await get(path, headers)
  const text = await response.text()
  if (!response.ok || latest === undefined) throw new Error(`${response.status} ${text}`)
  return latest
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

describe('routing', () => {
  test.each([
    ['/rest/v1/incidents?select=*', 'rest', '/incidents', '?select=*'],
    ['/rest/v1', 'rest', '/', ''],
    ['/rest/v1/rpc/claim_job', 'rest', '/rpc/claim_job', ''],
    ['/auth/v1/user', 'auth', '/user', ''],
    ['/storage/v1/object/originals/a%20b.jpg', 'storage', '/object/originals/a%20b.jpg', ''],
    ['/realtime/v1/api/broadcast', 'realtime', '/api/broadcast', ''],
    ['/functions/v1/process-image/sub?x=1', 'functions', '/process-image/sub', '?x=1'],
  ])('%s goes to %s', async (address, service, path, search) => {
    const body = await echoed(address, { apikey: keys.publishableKey })
    expect(body).toMatchObject({ service, path, search })
  })

  test.each(['/', '/rest', '/rest/v2/x', '/restv1', '/rest/v1x', '/%', '/other/v1/x'])(
    '%s is 404 as JSON',
    async (address) => {
      const response = await get(address)
      expect(response.status).toBe(404)
      expect(await response.json()).toEqual({ message: 'There is nothing at this address' })
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
    },
  )

  test('dots in a path do not lead from an open address to a closed one', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      httpRequest({ port: gateway.port, path: '/functions/v1/../../rest/v1/incidents' }, (response) =>
        resolve(response.resume().statusCode ?? 0),
      )
        .on('error', reject)
        .end()
    })
    expect(status).toBe(401)
  })

  test('a service that is not mounted yet is 503, and is reached once it is mounted', async () => {
    await using other = disposable(await createGateway({ port: 0, keys, logger }))
    const address = `${other.gateway.url}/auth/v1/health`
    expect((await fetch(address)).status).toBe(503)
    other.gateway.mount({ auth: echo('auth') })
    expect((await fetch(address)).status).toBe(200)
  })
})

function disposable(gateway: Gateway): AsyncDisposable & { gateway: Gateway } {
  return { gateway, [Symbol.asyncDispose]: () => gateway.stop() }
}

describe('keys and tokens', () => {
  test('no key, a wrong key', async () => {
    for (const service of ['rest', 'auth', 'storage', 'realtime']) {
      const none = await get(`/${service}/v1/x`)
      expect(none.status).toBe(401)
      expect(await none.json()).toMatchObject({ message: 'No API key found in request' })
      for (const key of ['nonsense', keys.publishableKey.slice(0, -1), (await generateKeys()).secretKey]) {
        const wrong = await get(`/${service}/v1/x`, { apikey: key })
        expect(wrong.status).toBe(401)
        expect(await wrong.json()).toMatchObject({ message: 'Invalid API key' })
      }
    }
  })

  test('each key has its role, in the header, the query or as bearer', async () => {
    for (const [key, role] of [
      [keys.publishableKey, 'anon'],
      [keys.anonKey, 'anon'],
      [keys.secretKey, 'service_role'],
      [keys.serviceRoleKey, 'service_role'],
    ] as const) {
      expect((await echoed('/rest/v1/x', { apikey: key })).caller).toMatchObject({ role, claims: { role } })
      expect((await echoed('/rest/v1/x', bearer(key))).caller.role).toBe(role)
      expect((await echoed('/rest/v1/x', { apikey: key, ...bearer(key) })).caller.role).toBe(role)
      expect((await echoed(`/rest/v1/x?apikey=${key}`)).caller.role).toBe(role)
    }
  })

  test('a user’s token decides over the key, and its claims arrive', async () => {
    const token = await mintToken(keys, { sub: 'u1', role: 'authenticated', email: 'a@b.c' })
    for (const apikey of [keys.publishableKey, keys.secretKey]) {
      const { caller } = await echoed('/rest/v1/x', { apikey, ...bearer(token) })
      expect(caller).toMatchObject({
        role: 'authenticated',
        claims: { sub: 'u1', email: 'a@b.c', role: 'authenticated' },
      })
    }
    expect((await echoed('/rest/v1/x', bearer(token))).caller.role).toBe('authenticated')
    expect((await get('/rest/v1/x', { apikey: token })).status).toBe(401)
  })

  test('an expired, foreign or broken token is refused in the words of the service', async () => {
    const user = { sub: 'u1', role: 'authenticated' }
    const expired = await mintToken(keys, user, { expiresIn: -1 })
    const foreign = await mintToken(await generateKeys(), user)
    const superuser = await mintToken(keys, { ...user, role: 'postgres' })
    const apikey = keys.publishableKey

    const late = await get('/rest/v1/x', { apikey, ...bearer(expired) })
    expect(late.status).toBe(401)
    expect(late.headers.get('www-authenticate')).toContain('invalid_token')
    expect(await late.json()).toMatchObject({ code: 'PGRST303', message: 'JWT expired' })
    for (const token of [foreign, superuser, 'nonsense', 'a.b.c']) {
      const response = await get('/rest/v1/x', { apikey, ...bearer(token) })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ code: 'PGRST301' })
    }
    const storage = await get('/storage/v1/object/a/b', { apikey, ...bearer(expired) })
    expect(storage.status).toBe(400)
    expect(await storage.json()).toMatchObject({ statusCode: '403', error: 'Unauthorized' })
    // Auth answers by itself. The caller must not get the role of the key.
    expect((await echoed('/auth/v1/user', { apikey: keys.secretKey, ...bearer(expired) })).caller.role).toBe(
      'anon',
    )
  })

  test('a token is refused from the moment it expires, however often it was used before', async () => {
    const token = await mintToken(keys, { sub: 'u1', role: 'authenticated' }, { expiresIn: 2 })
    const status = async () =>
      (await get('/rest/v1/x', { apikey: keys.publishableKey, ...bearer(token) })).status
    expect(await status()).toBe(200)
    await expect.poll(status, { timeout: 10_000 }).toBe(401)
  })

  test('a secret key from a browser is refused', async () => {
    const browser = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140' }
    const response = await get('/rest/v1/x', { apikey: keys.secretKey, ...browser })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ message: 'Forbidden use of secret API key in browser' })
    expect((await get('/rest/v1/x', { apikey: keys.publishableKey, ...browser })).status).toBe(200)
  })

  test('only open addresses need no key', async () => {
    for (const [method, address, status] of [
      ['GET', '/auth/v1/health', 200],
      ['GET', '/auth/v1/verify?token=x', 200],
      ['GET', '/auth/v1/verify/x', 401],
      ['GET', '/auth/v1/.well-known/jwks.json', 200],
      ['GET', '/auth/v1/settings', 401],
      ['GET', '/storage/v1/object/public/a/b.jpg', 200],
      ['GET', '/storage/v1/object/sign/a/b.jpg?token=x', 200],
      ['POST', '/storage/v1/object/sign/a/b.jpg', 401],
      ['PUT', '/storage/v1/object/upload/sign/a/b.jpg?token=x', 200],
      ['POST', '/storage/v1/object/upload/sign/a/b.jpg', 401],
      ['GET', '/storage/v1/object/a/b.jpg', 401],
      ['DELETE', '/storage/v1/object/public/a/b.jpg', 401],
      ['POST', '/functions/v1/typeform-webhook', 200],
    ] as const) {
      expect((await get(address, {}, method)).status, `${method} ${address}`).toBe(status)
    }
  })
})

describe('CORS', () => {
  test('allows the headers that a preflight asks for, without a key', async () => {
    const response = await get(
      '/rest/v1/incidents',
      {
        origin: 'http://localhost:5173',
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'apikey,authorization,prefer',
      },
      'OPTIONS',
    )
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-methods')).toContain('PATCH')
    expect(response.headers.get('access-control-allow-headers')).toBe('apikey,authorization,prefer')
  })

  test('every answer may be read by a page, errors too', async () => {
    for (const [address, headers] of [
      ['/rest/v1/x', { apikey: keys.publishableKey }],
      ['/rest/v1/x', {}],
      ['/nothing', {}],
    ] as const) {
      const response = await get(address, headers)
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(response.headers.get('access-control-expose-headers')).toContain('content-range')
    }
  })

  test('functions answer preflights themselves, as on hosted Supabase', async () => {
    functions = {
      async fetch(request) {
        return new Response(null, {
          status: 204,
          headers: { 'access-control-allow-origin': `for ${request.method}` },
        })
      },
    }
    const response = await get('/functions/v1/x', { 'access-control-request-method': 'POST' }, 'OPTIONS')
    expect(response.headers.get('access-control-allow-origin')).toBe('for OPTIONS')
    expect(response.headers.get('access-control-expose-headers')).toBeNull()
  })
})

describe('bodies', () => {
  test('reach a function byte for byte, with every header', async () => {
    const sent = randomBytes(3_000_017)
    let received: Uint8Array = new Uint8Array()
    let headers: Headers = new Headers()
    functions = {
      async fetch(request) {
        headers = request.headers
        received = new Uint8Array(await request.arrayBuffer())
        return new Response(received)
      },
    }
    const response = await fetch(`${gateway.url}/functions/v1/typeform-webhook`, {
      method: 'POST',
      headers: {
        apikey: 'whatever',
        authorization: 'Custom x',
        'typeform-signature': 'sha256=abc==',
        'content-type': 'text/weird',
      },
      body: sent,
    })
    expect(digest(received)).toBe(digest(sent))
    expect(digest(new Uint8Array(await response.arrayBuffer()))).toBe(digest(sent))
    expect(Object.fromEntries(headers)).toMatchObject({
      apikey: 'whatever',
      authorization: 'Custom x',
      'typeform-signature': 'sha256=abc==',
      'content-type': 'text/weird',
      'content-length': '3000017',
    })
  })

  test('stream in both directions', async () => {
    functions = {
      async fetch(request) {
        return new Response(request.body, { headers: { 'content-type': 'application/octet-stream' } })
      },
    }
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const responding = fetch(`${gateway.url}/functions/v1/x`, {
      method: 'POST',
      body: readable,
      duplex: 'half',
    })
    await writer.write(new TextEncoder().encode('one'))
    const response = await responding
    const reader = response.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('one')
    await writer.write(new TextEncoder().encode('two'))
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('two')
    await writer.close()
    expect((await reader?.read())?.done).toBe(true)
  })

  test('a client that leaves is noticed by the service', async () => {
    const aborted = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    functions = {
      async fetch(request) {
        request.signal.addEventListener('abort', () => aborted.resolve())
        started.resolve()
        await aborted.promise
        throw request.signal.reason
      },
    }
    const controller = new AbortController()
    const response = fetch(`${gateway.url}/functions/v1/x`, { signal: controller.signal })
    await started.promise
    controller.abort()
    await expect(response).rejects.toThrow()
    await aborted.promise
    expect(logger.entries.filter((entry) => entry.level === 'error')).toEqual([])
  })

  test('the body of a client that left before it was read fails, and does not hang', async () => {
    const failed = Promise.withResolvers<unknown>()
    const started = Promise.withResolvers<void>()
    functions = {
      async fetch(request) {
        started.resolve()
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
        return request.arrayBuffer().then(
          () => new Response(),
          (error: unknown) => {
            failed.resolve(error)
            throw error
          },
        )
      },
    }
    const client = httpRequest({
      port: gateway.port,
      path: '/functions/v1/x',
      method: 'POST',
      headers: { 'content-length': 1_000_000 },
    })
    client.on('error', () => undefined)
    client.write('only this much')
    await started.promise
    client.destroy()
    expect(await failed.promise).toMatchObject({ name: 'AbortError' })
  })

  test('an answer under way is cancelled when the client leaves', async () => {
    const cancelled = Promise.withResolvers<void>()
    functions = {
      async fetch() {
        return new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new Uint8Array([1])),
            cancel: () => cancelled.resolve(),
          }),
        )
      },
    }
    const controller = new AbortController()
    const response = await fetch(`${gateway.url}/functions/v1/x`, { signal: controller.signal })
    await response.body?.getReader().read()
    controller.abort()
    await cancelled.promise
  })

  test('limits hold for announced and for chunked bodies', async () => {
    const big = 1024 * 1024 + 1
    const headers = { apikey: keys.publishableKey }
    const announced = await fetch(`${gateway.url}/auth/v1/signup`, {
      method: 'POST',
      headers,
      body: new Uint8Array(big),
    })
    expect(announced.status).toBe(413)
    expect(await announced.json()).toMatchObject({ message: expect.stringContaining('1048576') })

    let received: number | undefined
    await using other = disposable(
      await createGateway({
        port: 0,
        keys,
        logger,
        services: {
          auth: {
            async fetch(request) {
              received = undefined
              received = (await request.arrayBuffer()).byteLength
              return Response.json({})
            },
          },
        },
      }),
    )
    const send = (length: number): Promise<Response> =>
      fetch(`${other.gateway.url}/auth/v1/signup`, {
        method: 'POST',
        headers,
        body: new Blob([new Uint8Array(length)]).stream(),
        duplex: 'half',
      })
    expect((await send(big)).status).toBe(413)
    expect(received).toBeUndefined()
    expect((await send(big - 1)).status).toBe(200)
    expect(received).toBe(big - 1)
  })

  test('a connection survives an answer that did not read the body', async () => {
    const agentless = (): Promise<number> =>
      fetch(`${gateway.url}/rest/v1/x`, { method: 'POST', body: new Uint8Array(500_000) }).then(
        async (response) => {
          await response.text()
          return response.status
        },
      )
    for (let n = 0; n < 5; n++) expect(await agentless()).toBe(401)
    expect((await echoed('/rest/v1/x', { apikey: keys.publishableKey })).service).toBe('rest')
  })

  test('HEAD has headers and no body', async () => {
    const response = await get('/rest/v1/x', { apikey: keys.publishableKey }, 'HEAD')
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })
})

describe('failures', () => {
  test('an unexpected error is 500 without internals, and is logged with the request’s id', async () => {
    functions = { fetch: () => Promise.reject(new Error('password of the database is hunter2')) }
    const response = await get('/functions/v1/x')
    expect(response.status).toBe(500)
    const body = await response.text()
    expect(body).not.toContain('hunter2')
    const requestId = response.headers.get('sb-request-id')
    expect(JSON.parse(body)).toEqual({ message: 'An unexpected error occurred', request_id: requestId })
    expect(logger.entries.at(-2)).toMatchObject({
      level: 'error',
      source: 'functions',
      fields: { requestId },
    })
  })

  test('an AppError has its status and body', async () => {
    functions = {
      fetch: () => Promise.reject(new AppError('database_unavailable', { cause: new Error('secret') })),
    }
    const response = await get('/functions/v1/x')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      error: { code: 'database_unavailable', message: 'The database is unavailable; try again later.' },
    })
  })

  test('an answer that breaks off is not taken for whole', async () => {
    functions = {
      async fetch() {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new Uint8Array([1]))
          },
          pull(controller) {
            controller.error(new Error('broke'))
          },
        })
        return new Response(body)
      },
    }
    const broken = get('/functions/v1/x').then((response) => response.arrayBuffer())
    await expect(broken).rejects.toThrow()
  })

  test.each([
    ['an address without a slash', 'GET x HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['an absolute address', 'GET http://localhost/rest/v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['the method TRACE', 'TRACE /rest/v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n', 405],
    [
      'both a length and chunks, which two servers in a row may read differently',
      'POST /functions/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'two lengths',
      'POST /functions/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
      400,
    ],
  ])('%s is refused, and the next request is served', async (_what, request, status) => {
    expect(await statusOf(request)).toBe(status)
    expect((await get('/nothing')).status).toBe(404)
  })
})

/** Sends bytes as they are. @returns the status of the answer; 0 where the connection ends without one. */
function statusOf(bytes: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(bytes))
    socket.once('data', (data) => {
      resolve(Number(/^HTTP\/1\.1 (\d+) /.exec(data.toString())?.[1] ?? 0))
      socket.destroy()
    })
    socket.once('close', () => resolve(0))
    socket.once('error', reject)
  })
}

describe('the Host header', () => {
  const get = (...hosts: string[]): string =>
    ['GET /auth/v1/health HTTP/1.1', ...hosts.map((host) => `Host: ${host}`), '', ''].join('\r\n')
  const upgrade = (host: string): string =>
    [
      'GET /realtime/v1/websocket?apikey=x HTTP/1.1',
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '',
      '',
    ].join('\r\n')

  test.each(['127.0.0.1:54321', 'localhost', '[::1]:1'])('%s is the stack', async (host) => {
    expect(await statusOf(get(host))).toBe(200)
    expect(await statusOf(upgrade(host))).toBe(503)
  })

  test.each(['evil.example', 'evil.example:54321', '127.0.0.1.evil.example', '10.1.2.3'])(
    '%s is refused: a page may have bound the name to this address',
    async (host) => {
      expect(await statusOf(get(host))).toBe(403)
      expect(await statusOf(upgrade(host))).toBe(403)
    },
  )

  test.each(['', '[', 'user:password@localhost', 'localhost:99999', 'local host'])(
    '%j is malformed and gets an answer',
    async (host) => {
      expect(await statusOf(get(host))).toBe(400)
      expect(await statusOf(upgrade(host))).toBe(400)
    },
  )

  test('given twice is malformed', async () => {
    expect(await statusOf(get('localhost', 'evil.example'))).toBe(400)
    expect(await statusOf(get())).toBe(400)
  })

  test('may be a name that the stack was started with', async () => {
    await using other = disposable(
      await createGateway({ port: 0, keys, logger, allowedHosts: ['claims.test'] }),
    )
    const status = await new Promise<number>((resolve, reject) => {
      httpRequest({ port: other.gateway.port, path: '/', headers: { host: 'claims.test' } }, (response) =>
        resolve(response.resume().statusCode ?? 0),
      )
        .on('error', reject)
        .end()
    })
    expect(status).toBe(404)
  })
})

describe('upgrades', () => {
  test('are handed over at the Realtime address, with the head and the query', async () => {
    await using other = disposable(await createGateway({ port: 0, keys, logger }))
    const server = new WebSocketServer({ noServer: true })
    other.gateway.mount({
      realtimeSocket: {
        upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
          server.handleUpgrade(request, socket, head, (client) => client.send(request.url ?? ''))
        },
      },
    })
    const client = new WebSocket(
      `${other.gateway.url.replace('http', 'ws')}/realtime/v1/websocket?apikey=k&vsn=1.0.0`,
    )
    const message = await new Promise<string>((resolve, reject) => {
      client.once('message', (data) => resolve(String(data)))
      client.once('error', reject)
    })
    expect(message).toBe('/realtime/v1/websocket?apikey=k&vsn=1.0.0')

    const closed = new Promise((resolve) => client.once('close', resolve))
    await other.gateway.stop()
    await closed
  })

  test('elsewhere are refused', async () => {
    const refused = async (path: string): Promise<number | undefined> => {
      const client = new WebSocket(`${gateway.url.replace('http', 'ws')}${path}`)
      return new Promise((resolve) => {
        client.once('unexpected-response', (_request, response) => {
          resolve(response.statusCode)
          client.terminate()
        })
        client.once('error', () => undefined)
      })
    }
    expect(await refused('/rest/v1/websocket')).toBe(404)
    expect(await refused('/realtime/v1/websocket')).toBe(503)
  })
})

describe('port and end', () => {
  test('a taken port gives a warning and the next free one', async () => {
    const blocker = createServer()
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
    const address = blocker.address()
    const taken = typeof address === 'object' && address !== null ? address.port : 0
    const own = createMemoryLogger()
    try {
      await using other = disposable(await createGateway({ port: taken, keys, logger: own }))
      expect(other.gateway.port).toBeGreaterThan(taken)
      expect(other.gateway.url).toBe(`http://127.0.0.1:${other.gateway.port}`)
      expect(own.entries).toMatchObject([{ level: 'warn', source: 'gateway' }])
      expect((await fetch(other.gateway.url)).status).toBe(404)
    } finally {
      blocker.close()
    }
  })

  test('stop() ends idle connections and requests that hang, and may be called twice', async () => {
    const started = Promise.withResolvers<void>()
    const other = await createGateway({
      port: 0,
      keys,
      logger,
      services: {
        functions: {
          fetch: (request) => {
            started.resolve()
            return new Promise((_resolve, reject) => {
              request.signal.addEventListener('abort', () => reject(request.signal.reason))
            })
          },
        },
      },
    })
    await (await fetch(`${other.url}/nothing`)).text()
    const hanging = fetch(`${other.url}/functions/v1/x`)
    await started.promise
    const failed = expect(hanging).rejects.toThrow()
    await Promise.all([other.stop(), other.stop()])
    await failed
    await expect(fetch(other.url)).rejects.toThrow()
  })
})
