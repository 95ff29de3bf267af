/** A raw WebSocket client that keeps every frame and waits for a given one. */

import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { parseJson } from '../protocol/serializer.ts'
import { BINARY_KIND } from '../protocol/wire.ts'

export interface ReceivedMessage {
  joinRef: unknown
  ref: unknown
  topic: string
  event: string
  payload: Record<string, unknown>
  /** Binary frames: kinds 2 and 4. */
  binary?: { event: string; metadata: string; encoding: 'json' | 'binary'; payload: Buffer }
}

export interface CloseInfo {
  code: number
  reason: string
}

interface Waiter {
  matches: (message: ReceivedMessage) => boolean
  resolve: (message: ReceivedMessage) => void
}

const DEFAULT_TIMEOUT_MS = 10_000

export class TestClient implements Disposable {
  readonly ws: WebSocket
  readonly messages: ReceivedMessage[] = []
  /** Frames without a topic or an event. */
  readonly failures: string[] = []
  readonly closed: Promise<CloseInfo>
  #waiters: Waiter[] = []
  /** Messages before this index have been returned by {@link next}. */
  #seen = 0
  #ref = 0
  readonly #isOlder: boolean

  private constructor(ws: WebSocket, isOlder: boolean) {
    this.ws = ws
    this.#isOlder = isOlder
    this.closed = new Promise((resolve) =>
      ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    )
    ws.on('error', () => undefined)
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      const message = isBinary ? binary(data) : isOlder ? olderText(data) : newerText(data)
      if (message) this.#received(message)
      else this.failures.push(data.toString())
    })
  }

  static async connect(
    url: string,
    key: string,
    headers: Record<string, string> = {},
    version: '1.0.0' | '2.0.0' = '2.0.0',
  ): Promise<TestClient> {
    const address = `${url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${key}&vsn=${version}`
    const ws = new WebSocket(address, { headers })
    const client = new TestClient(ws, version === '1.0.0')
    await new Promise<void>((resolve, reject) => {
      ws.once('open', resolve)
      ws.once('unexpected-response', async (_request, response) => {
        reject(new Error(`The upgrade was refused: ${response.statusCode} ${await text(response)}`))
      })
      ws.once('error', reject)
    })
    return client
  }

  nextRef(): string {
    this.#ref++
    return String(this.#ref)
  }

  /** @returns the message's reference */
  send(topic: string, event: string, payload: unknown, joinRef: string | null = null): string {
    const ref = this.nextRef()
    this.#write(joinRef, ref, topic, event, payload)
    return ref
  }

  /** @returns the reply's payload and the join's reference */
  async join(
    topic: string,
    config: Record<string, unknown> = {},
    token?: string,
  ): Promise<{ ref: string; status: unknown; response: unknown }> {
    const ref = this.nextRef()
    const payload = token === undefined ? { config } : { config, access_token: token }
    this.#write(ref, ref, `realtime:${topic}`, 'phx_join', payload)
    const reply = await this.next((message) => message.event === 'phx_reply' && message.ref === ref)
    return { ref, status: reply.payload.status, response: reply.payload.response }
  }

  async call(
    topic: string,
    event: string,
    payload: unknown,
    joinRef: string,
  ): Promise<Record<string, unknown>> {
    const ref = this.send(`realtime:${topic}`, event, payload, joinRef)
    return (await this.next((message) => message.event === 'phx_reply' && message.ref === ref)).payload
  }

  /** The first matching message after the last one that was returned. @throws after `timeoutMs` */
  next(
    matches: (message: ReceivedMessage) => boolean,
    timeoutMs: number = DEFAULT_TIMEOUT_MS,
  ): Promise<ReceivedMessage> {
    for (let index = this.#seen; index < this.messages.length; index++) {
      const message = this.messages[index]
      if (message && matches(message)) {
        this.#seen = index + 1
        return Promise.resolve(message)
      }
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        matches,
        resolve: (message) => {
          clearTimeout(timer)
          this.#seen = this.messages.length
          resolve(message)
        },
      }
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        const received = this.messages.map((message) => `${message.topic} ${message.event}`).join(', ')
        reject(new Error(`No such message came; received: ${received || 'nothing'}`))
      }, timeoutMs)
      this.#waiters.push(waiter)
    })
  }

  nextEvent(event: string): Promise<ReceivedMessage> {
    return this.next((message) => message.event === event)
  }

  /** Resolves once the server has handled every earlier frame. */
  async heartbeat(): Promise<void> {
    const ref = this.send('phoenix', 'heartbeat', {})
    await this.next((message) => message.topic === 'phoenix' && message.ref === ref)
  }

  #write(joinRef: string | null, ref: string, topic: string, event: string, payload: unknown): void {
    const message = this.#isOlder
      ? { topic, event, payload, ref, join_ref: joinRef }
      : [joinRef, ref, topic, event, payload]
    this.ws.send(JSON.stringify(message))
  }

  [Symbol.dispose](): void {
    this.ws.terminate()
  }

  #received(message: ReceivedMessage): void {
    this.messages.push(message)
    const waiter = this.#waiters.find(({ matches }) => matches(message))
    if (!waiter) return
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
    waiter.resolve(message)
  }
}

function olderText(data: Buffer): ReceivedMessage {
  const message: ReceivedMessage = JSON.parse(data.toString())
  return { ...message, joinRef: undefined }
}

function newerText(data: Buffer): ReceivedMessage | undefined {
  const [joinRef, ref, topic, event, payload]: unknown[] = JSON.parse(data.toString())
  if (typeof topic !== 'string' || typeof event !== 'string') return undefined
  return { joinRef, ref, topic, event, payload: { ...Object(payload) } }
}

function binary(data: Buffer): ReceivedMessage {
  return data[0] === BINARY_KIND.broadcast ? kind2(data) : kind4(data)
}

/** Phoenix's own broadcast: the bytes are in `binary`. */
function kind2(data: Buffer): ReceivedMessage {
  const topicEnd = 3 + data.readUInt8(1)
  const eventEnd = topicEnd + data.readUInt8(2)
  const event = data.toString('utf8', topicEnd, eventEnd)
  const binary = { event, metadata: '', encoding: 'binary', payload: data.subarray(eventEnd) } as const
  return { joinRef: null, ref: null, topic: data.toString('utf8', 3, topicEnd), event, payload: {}, binary }
}

function kind4(data: Buffer): ReceivedMessage {
  const sizes = [data.readUInt8(1), data.readUInt8(2), data.readUInt8(3)]
  let offset = 5
  const fields = sizes.map((size) => {
    const field = data.toString('utf8', offset, offset + size)
    offset += size
    return field
  })
  const [topic = '', event = '', metadata = ''] = fields
  const encoding = data.readUInt8(4) === 1 ? 'json' : 'binary'
  const payload = data.subarray(offset)
  const content = encoding === 'json' ? parseJson(payload.toString()) : undefined
  return {
    joinRef: null,
    ref: null,
    topic,
    event: 'broadcast',
    payload: {
      type: 'broadcast',
      event,
      payload: content,
      ...(metadata ? { meta: parseJson(metadata) } : {}),
    },
    binary: { event, metadata, encoding, payload },
  }
}
