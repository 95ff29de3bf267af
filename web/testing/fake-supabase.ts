/**
 * A Supabase project in one process, for tests of the web part and for screenshots: the few requests that the
 * client and the dashboard make, and Realtime's channels over a real WebSocket. One user; faults on request.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'

export interface FakeNotification {
  seq: number
  payload: Record<string, unknown>
}

export interface FakeJoin {
  topic: string
  accessToken: string | null
  config: unknown
}

interface Channel {
  socket: WebSocket
  topic: string
  joinRef: string
}

export class FakeSupabase {
  readonly user = { id: '0a3f1c52-7f0e-4c7e-9a53-b1a6c0d7e001', email: 'demo@claimwire.test' }
  readonly password = 'correct horse'
  url = ''
  /** What `GET /rest/v1/incidents` answers; null for 503. */
  incidents: unknown[] | null = []
  /** Milliseconds before REST answers. */
  delayMs = 0
  notifications: FakeNotification[] = []
  epoch = 'e5d1c9a0-0000-4000-8000-000000000001'
  /** Objects by path; the content type is JPEG. */
  objects = new Map<string, Buffer>()
  /** Answers every join with this error. */
  refuseJoins: string | null = null
  /** The server reads heartbeats but does not answer them. */
  deadHeart = false
  readonly joins: FakeJoin[] = []
  /** New tokens that clients sent on joined channels. */
  readonly renewedTokens: unknown[] = []
  readonly requests: string[] = []
  onRequeue: (jobId: string) => void = () => undefined
  #channels: Channel[] = []
  #tokens = 0
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy())
  })
  readonly #sockets = new WebSocketServer({ noServer: true })

  static async start(): Promise<FakeSupabase> {
    const fake = new FakeSupabase()
    fake.#server.on('upgrade', (request, socket, head) => {
      fake.#sockets.handleUpgrade(request, socket, head, (webSocket) => fake.#serve(webSocket))
    })
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve))
    const address = fake.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    fake.url = `http://127.0.0.1:${address.port}`
    return fake
  }

  async stop(): Promise<void> {
    this.cutSockets()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get openSockets(): number {
    return this.#sockets.clients.size
  }

  get joinedTopics(): string[] {
    return this.#channels.map(({ topic }) => topic)
  }

  /** Ends all sockets without a closing handshake, as when a cable is cut. */
  cutSockets(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
  }

  /** Adds a durable message to the table and, by default, broadcasts it. */
  notify(payload: Record<string, unknown>, options: { heard?: boolean } = {}): FakeNotification {
    const seq = this.notifications.length + 1
    const notification = { seq, payload: { ...payload, seq, epoch: this.epoch } }
    this.notifications.push(notification)
    if (options.heard !== false) this.broadcast(notification.payload)
    return notification
  }

  broadcast(payload: Record<string, unknown>): void {
    for (const { socket, topic } of this.#channels) {
      const frame = { type: 'broadcast', event: payload.type, payload, meta: { id: crypto.randomUUID() } }
      socket.send(JSON.stringify([null, null, topic, 'broadcast', frame]))
    }
  }

  /** Closes a channel as the server does when a token has expired. */
  closeChannels(): void {
    for (const { socket, topic, joinRef } of this.#channels) {
      socket.send(JSON.stringify([joinRef, joinRef, topic, 'phx_close', {}]))
    }
    this.#channels = []
  }

  // Realtime

  #serve(socket: WebSocket): void {
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      this.#channels = this.#channels.filter((channel) => channel.socket !== socket)
    })
    socket.on('message', (data) => {
      const [joinRef, ref, topic, event, payload] = JSON.parse(String(data))
      const reply = (status: string, response: unknown): void => {
        socket.send(JSON.stringify([joinRef, ref, topic, 'phx_reply', { status, response }]))
      }
      if (event === 'heartbeat') {
        if (!this.deadHeart) reply('ok', {})
      } else if (event === 'phx_join') {
        this.joins.push({ topic, accessToken: payload.access_token ?? null, config: payload.config })
        if (this.refuseJoins !== null) {
          reply('error', { reason: this.refuseJoins })
          return
        }
        this.#channels.push({ socket, topic, joinRef })
        reply('ok', { postgres_changes: [] })
        if (payload.config?.broadcast?.replication_ready === true) {
          const ready = { message: 'Replication connection established', status: 'ok', extension: 'system' }
          socket.send(JSON.stringify([joinRef, null, topic, 'system', ready]))
        }
      } else if (event === 'access_token') {
        this.renewedTokens.push(payload.access_token)
      } else if (event === 'phx_leave') {
        this.#channels = this.#channels.filter(
          (channel) => channel.socket !== socket || channel.topic !== topic,
        )
        reply('ok', {})
        socket.send(JSON.stringify([joinRef, joinRef, topic, 'phx_close', {}]))
      }
    })
  }

  // REST, Auth, Storage

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    response.setHeader('access-control-allow-methods', '*')
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end()
      return
    }
    const url = new URL(request.url ?? '/', this.url)
    this.requests.push(`${request.method} ${url.pathname}`)
    const body = await readJson(request)
    if (url.pathname.startsWith('/rest/') && this.delayMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.delayMs))
    }
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (url.pathname === '/auth/v1/token') {
      const wrong = 'email' in body && (body.email !== this.user.email || body.password !== this.password)
      if (wrong) send(400, { code: 400, error_code: 'invalid_credentials', msg: 'Invalid login credentials' })
      else send(200, this.session())
    } else if (url.pathname === '/auth/v1/logout') {
      response.writeHead(204).end()
    } else if (url.pathname === '/rest/v1/rpc/notification_head') {
      const head = this.notifications.at(-1)
      send(200, [{ epoch: head === undefined ? null : this.epoch, seq: head?.seq ?? 0, floor: 0 }])
    } else if (url.pathname === '/rest/v1/rpc/notification_counts') {
      const seq = this.notifications.length
      send(200, [{ epoch: seq === 0 ? null : this.epoch, seq, unseen_count: seq, unread_count: seq }])
    } else if (url.pathname === '/rest/v1/rpc/register_device') {
      send(200, { maxDevices: 5, silenceLimitMs: 60_000, devices: [] })
    } else if (url.pathname === '/rest/v1/rpc/heartbeat_device') {
      send(200, 'live')
    } else if (url.pathname === '/rest/v1/rpc/unregister_device') {
      send(200, true)
    } else if (url.pathname === '/rest/v1/notifications') {
      const after = Number(url.searchParams.get('seq')?.replace('gt.', '') ?? 0)
      const limit = Number(url.searchParams.get('limit') ?? 1000)
      send(200, this.notifications.filter(({ seq }) => seq > after).slice(0, limit))
    } else if (url.pathname === '/rest/v1/incidents') {
      if (this.incidents === null) send(503, { code: 'PGRST000', message: 'database_unavailable' })
      else send(200, this.incidents)
    } else if (url.pathname === '/rest/v1/rpc/requeue_job') {
      if (typeof body.p_job_id === 'string') this.onRequeue(body.p_job_id)
      send(200, {})
    } else if (url.pathname.startsWith('/storage/v1/object/sign/') && request.method === 'POST') {
      const bucket = url.pathname.slice('/storage/v1/object/sign/'.length)
      const paths = Array.isArray(body.paths) ? body.paths.map(String) : []
      send(
        200,
        paths.map((path) =>
          this.objects.has(path)
            ? { path, error: null, signedURL: `/object/sign/${bucket}/${path}?token=${fakeToken(3600)}` }
            : {
                path,
                error: 'Either the object does not exist or you do not have access to it',
                signedURL: null,
              },
        ),
      )
    } else if (url.pathname.startsWith('/storage/v1/object/sign/')) {
      const [, path = ''] = /^\/storage\/v1\/object\/sign\/[^/]+\/(.+)$/.exec(url.pathname) ?? []
      const object = this.objects.get(decodeURIComponent(path))
      if (object === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': 'image/jpeg' }).end(object)
    } else send(404, { message: 'not found' })
  }

  session(): Record<string, unknown> {
    this.#tokens += 1
    return {
      access_token: fakeToken(3600, { sub: this.user.id, n: this.#tokens }),
      refresh_token: `refresh-${this.#tokens}`,
      token_type: 'bearer',
      expires_in: 3600,
      expires_at: Math.floor(Date.now() / 1000) + 3600,
      user: {
        ...this.user,
        aud: 'authenticated',
        app_metadata: {},
        user_metadata: {},
        created_at: '2026-11-01T00:00:00Z',
      },
    }
  }
}

/** A token with the shape of a JWT. This server does not check its signature. */
export function fakeToken(seconds: number, claims: Record<string, unknown> = {}): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + seconds
  return `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode({ exp, role: 'authenticated', ...claims })}.${encode('signature')}`
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const text = Buffer.concat(chunks).toString()
  return text === '' ? {} : JSON.parse(text)
}
