/** The transport on a WebSocket that the test plays; against a real server: e2e/drop-in-socket.test.ts. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JoinOptions, Subscription } from '../../client/ports.ts'
import type { Token } from '../token.ts'
import { createRealtimeTransport } from './transport.ts'

type Frame = [joinRef: string | null, ref: string | null, topic: string, event: string, payload: unknown]

class PlayedSocket {
  static readonly OPEN = 1
  static all: PlayedSocket[] = []
  readonly url: string
  readonly sent: Frame[] = []
  readyState = 0
  binaryType = 'blob'
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null

  constructor(url: string) {
    this.url = url
    PlayedSocket.all.push(this)
  }

  open(): void {
    this.readyState = 1
    this.onopen?.()
  }

  send(text: string): void {
    if (this.readyState === 0) throw new Error('InvalidStateError')
    this.sent.push(JSON.parse(text))
  }

  close(): void {
    this.readyState = 2
  }

  /** The other side ends it. */
  drop(code = 1006): void {
    this.readyState = 3
    this.onclose?.({ code, reason: '' })
  }

  receive(...frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }

  /** Frames of an event. */
  of(event: string): Frame[] {
    return this.sent.filter((frame) => frame[3] === event)
  }

  answer(frame: Frame | undefined, status = 'ok', response: unknown = {}): void {
    if (frame === undefined) throw new Error('nothing was asked')
    const [joinRef, ref, topic] = frame
    this.receive(joinRef, ref, topic, 'phx_reply', { status, response })
  }
}

const TOPIC = 'user:1'
const WIRE = `realtime:${TOPIC}`
let token: string | null
let asked: () => Promise<Token | null>
let forgotten: number
let lines: string[]

beforeEach(() => {
  vi.useFakeTimers()
  PlayedSocket.all = []
  vi.stubGlobal('WebSocket', PlayedSocket)
  token = 'token 1'
  forgotten = 0
  lines = []
  asked = async () =>
    token === null ? null : { text: token, userId: '1', issuedAt: 0, expiresAt: Number.POSITIVE_INFINITY }
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const newTransport = () =>
  createRealtimeTransport({
    supabaseUrl: 'https://ref.supabase.co',
    supabaseKey: 'sb_publishable_a+b',
    tokens: {
      current: () => asked(),
      forget: () => {
        forgotten += 1
      },
    },
    log: (text, payload) => lines.push(`${text} ${JSON.stringify(payload)}`),
  })

interface Joined {
  subscription: Subscription
  told: string[]
}

type Transport = ReturnType<typeof newTransport>

/** Begins to join; `told` has what the handlers were told. */
async function join(transport: Transport, topic = TOPIC, options?: JoinOptions): Promise<Joined> {
  const told: string[] = []
  const cause = (value: unknown): string => (value instanceof Error ? `: ${value.message}` : '')
  const subscription = transport.join(
    topic,
    {
      joined: () => told.push('joined'),
      flowing: () => told.push('flowing'),
      message: (payload, event) =>
        told.push(
          `${event} ${payload instanceof ArrayBuffer ? new Uint8Array(payload) : JSON.stringify(payload)}`,
        ),
      presence: (userIds) => told.push(`presence ${userIds}`),
      alive: () => told.push('alive'),
      down: (reason, why) => told.push(`down ${reason}${cause(why)}`),
      refused: (code, why) => told.push(`refused ${code}${cause(why)}`),
    },
    options,
  )
  await vi.advanceTimersByTimeAsync(0)
  return { subscription, told }
}

function lastSocket(): PlayedSocket {
  const socket = PlayedSocket.all.at(-1)
  if (socket === undefined) throw new Error('there is no socket')
  return socket
}

/** Joined, over an open socket. */
async function joined(transport = newTransport(), topic = TOPIC, options?: JoinOptions) {
  const one = await join(transport, topic, options)
  const socket = lastSocket()
  if (socket.readyState === 0) socket.open()
  socket.answer(socket.of('phx_join').at(-1))
  expect(one.told).toEqual(['joined'])
  one.told.length = 0
  return { transport, socket, ...one }
}

describe('a join', () => {
  it('opens a socket, and asks for the private channel with the token once it is open', async () => {
    const { told } = await join(newTransport())
    const socket = lastSocket()
    expect(socket.url).toBe(
      'wss://ref.supabase.co/realtime/v1/websocket?apikey=sb_publishable_a%2Bb&vsn=2.0.0',
    )
    expect([socket.binaryType, socket.sent, told]).toEqual(['arraybuffer', [], []])
    socket.open()
    const config = {
      private: true,
      broadcast: { self: false, ack: false, replication_ready: true },
      presence: { key: '', enabled: false },
      postgres_changes: [],
    }
    expect(socket.sent).toEqual([['1', '1', WIRE, 'phx_join', { config, access_token: 'token 1' }]])
    socket.answer(socket.sent[0])
    socket.receive('1', null, WIRE, 'system', { extension: 'system', status: 'ok', message: 'established' })
    expect(told).toEqual(['joined', 'flowing'])
  })

  it('that is not answered ends within 10 s, with a socket that is not worth keeping; the next has another', async () => {
    const transport = newTransport()
    const { told } = await join(transport)
    const first = lastSocket()
    first.open()
    await vi.advanceTimersByTimeAsync(9_999)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect([told, first.readyState]).toEqual([['down join-timeout'], 2])
    await join(transport)
    expect(lastSocket()).not.toBe(first)
  })

  it('that has no socket within 10 s ends the same way', async () => {
    const { told } = await join(newTransport())
    await vi.advanceTimersByTimeAsync(10_000)
    expect([told, lastSocket().readyState]).toEqual([['down join-timeout'], 2])
  })

  it.each([
    ['Unauthorized: You do not have permissions to read from this Channel topic: a', 'refused join_refused'],
    ['PrivateOnly: This project only allows private channels', 'refused join_refused'],
    ['MalformedJWT: The token provided is not a valid JWT', 'refused join_refused'],
    ['JwtSignatureError: Failed to validate JWT signature', 'refused join_refused'],
    ['InvalidJWTToken: Token has expired 5 seconds ago', 'down socket'],
    ['ChannelRateLimitReached: Too many channels', 'down socket'],
    ['UnauthorizedNot', 'down socket'],
    ['RealtimeRestarting: Realtime is restarting, please standby', 'down socket'],
  ])('that is answered with %s is %s', async (reason, expected) => {
    const { told } = await join(newTransport())
    const socket = lastSocket()
    socket.open()
    socket.answer(socket.sent[0], 'error', { reason })
    expect(told).toEqual([`${expected}: ${reason}`])
    // Another token may do better.
    expect(forgotten).toBe(reason.startsWith('InvalidJWTToken') ? 1 : 0)
    socket.receive('1', '1', WIRE, 'phx_close', {})
    socket.drop()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(told).toHaveLength(1)
  })

  it('without a token or a signed-in user is reported as down', async () => {
    token = null
    expect((await join(newTransport())).told).toEqual([expect.stringMatching(/^down session: /)])
    asked = () => Promise.reject(new Error('no network'))
    expect((await join(newTransport())).told).toEqual([expect.stringMatching(/^down session: /)])
    expect(PlayedSocket.all).toEqual([])
  })

  it('that the page’s policies do not allow is down, not an exception', async () => {
    vi.stubGlobal(
      'WebSocket',
      class {
        constructor() {
          throw new Error('SecurityError')
        }
      },
    )
    expect((await join(newTransport())).told).toEqual(['down socket: SecurityError'])
  })

  it('of a topic that is joined already is refused, and leaves the first alone', async () => {
    const { transport, socket, told } = await joined()
    expect((await join(transport)).told).toEqual([expect.stringMatching(/^refused topic_in_use/)])
    expect([socket.of('phx_join').length, told]).toEqual([1, []])
  })
})

describe('messages', () => {
  it('are those of the topic, as text and as bytes', async () => {
    const { socket, told } = await joined()
    socket.receive(null, null, WIRE, 'broadcast', { type: 'broadcast', event: 'e', payload: { n: 1 } })
    socket.receive(null, null, 'realtime:user:12', 'broadcast', { event: 'e', payload: { n: 2 } })
    const head = [4, WIRE.length, 1, 0]
    const fields = [...`${WIRE}b`].map((char) => char.charCodeAt(0))
    socket.onmessage?.({ data: new Uint8Array([...head, 0, ...fields, 7, 8]).buffer })
    socket.onmessage?.({ data: '[' })
    socket.onmessage?.({ data: new Uint8Array([4, 200]).buffer })
    expect(told).toEqual(['e {"n":1}', 'b 7,8'])
  })

  it('of an earlier join of the topic mean nothing to the next', async () => {
    const { transport, socket, subscription, told } = await joined()
    subscription.leave('rejoin')
    const next = await join(transport)
    const [, second] = socket.of('phx_join')
    expect(socket.sent.map((frame) => frame[3])).toEqual(['phx_join', 'phx_leave', 'phx_join'])
    socket.receive('1', '2', WIRE, 'phx_reply', { status: 'ok', response: {} })
    socket.receive('1', '1', WIRE, 'phx_close', {})
    socket.receive('1', null, WIRE, 'phx_error', { reason: 'channel_crash' })
    expect([told, next.told]).toEqual([[], []])
    socket.answer(second)
    expect(next.told).toEqual(['joined'])
    expect(PlayedSocket.all).toHaveLength(1)
  })

  it.each([
    ['phx_close', {}, 'down channel-closed'],
    ['phx_error', { reason: 'channel_crash' }, 'down socket: channel_crash'],
  ])('that end a channel (%s) end it alone', async (event, payload, expected) => {
    const { transport, socket, told } = await joined()
    const other = await joined(transport, 'incident:1')
    socket.receive('1', '1', WIRE, event, payload)
    socket.receive(null, null, WIRE, 'broadcast', { event: 'late', payload: {} })
    expect([told, other.told, socket.readyState]).toEqual([[expected], [], 1])
  })

  it('that refuse a push are no refusal of the join', async () => {
    const { socket, told } = await joined()
    socket.receive('1', '9', WIRE, 'phx_reply', { status: 'error', response: { reason: 'unmatched topic' } })
    expect(told).toEqual([])
  })
})

describe('presence', () => {
  it('shows the user with the join, and tells who else is there', async () => {
    const { socket, told } = await joined(newTransport(), TOPIC, { presentAs: 'ann' })
    expect(socket.of('phx_join')[0]?.[4]).toMatchObject({ config: { presence: { enabled: true } } })
    expect(socket.of('presence')).toEqual([
      ['1', '2', WIRE, 'presence', { type: 'presence', event: 'track', payload: { userId: 'ann' } }],
    ])
    socket.receive(null, null, WIRE, 'presence_diff', {
      joins: { a: { metas: [{ phx_ref: '2', userId: 'ann' }] } },
      leaves: {},
    })
    expect(told).toEqual([])
    socket.receive('1', null, WIRE, 'presence_state', { b: { metas: [{ phx_ref: '1', userId: 'bob' }] } })
    socket.receive(null, null, WIRE, 'presence_diff', {
      joins: {},
      leaves: { b: { metas: [{ phx_ref: '1', userId: 'bob' }] } },
    })
    expect(told).toEqual(['presence ann,bob', 'presence ann'])
  })

  it('is not told where it was not asked for', async () => {
    const { socket, told } = await joined()
    socket.receive('1', null, WIRE, 'presence_state', {})
    socket.receive(null, null, WIRE, 'presence_diff', { joins: {}, leaves: {} })
    expect([told, socket.of('presence')]).toEqual([[], []])
  })
})

describe('heartbeats', () => {
  it('are asked for, one at a time, and answered', async () => {
    const { socket, told, subscription } = await joined()
    subscription.ping()
    subscription.ping()
    expect(socket.of('heartbeat')).toEqual([[null, '2', 'phoenix', 'heartbeat', {}]])
    socket.answer(socket.of('heartbeat')[0])
    expect(told).toEqual(['alive'])
    subscription.ping()
    expect(socket.of('heartbeat')).toHaveLength(2)
  })

  it('go out by themselves, before the server takes the socket for idle', async () => {
    const { socket, told } = await joined()
    for (let n = 1; n <= 3; n += 1) {
      await vi.advanceTimersByTimeAsync(25_000)
      expect(socket.of('heartbeat')).toHaveLength(n)
      socket.answer(socket.of('heartbeat').at(-1))
    }
    expect(told).toEqual(['alive', 'alive', 'alive'])
  })

  it('that are not answered end everything on the socket, which is not waited for', async () => {
    const { transport, socket, told, subscription } = await joined()
    const other = await joined(transport, 'incident:1')
    subscription.ping()
    await vi.advanceTimersByTimeAsync(9_999)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect([told, other.told]).toEqual([['down heartbeat-timeout'], ['down heartbeat-timeout']])
    expect(socket.readyState).toBe(2)
    // Messages of a socket that is closing are ignored.
    socket.receive(null, null, WIRE, 'broadcast', { event: 'late', payload: {} })
    socket.drop()
    expect(told).toHaveLength(1)
    const next = await join(transport)
    expect(lastSocket()).not.toBe(socket)
    lastSocket().open()
    lastSocket().answer(lastSocket().sent[0])
    expect(next.told).toEqual(['joined'])
  })

  it('that are answered with an error are no sign of life, but an answer', async () => {
    const { socket, told, subscription } = await joined()
    subscription.ping()
    socket.answer(socket.of('heartbeat')[0], 'error')
    await vi.advanceTimersByTimeAsync(20_000)
    expect([told, socket.readyState]).toEqual([[], 1])
  })

  it('are not given to a channel that was left meanwhile', async () => {
    const transport = newTransport()
    const second: { subscription: Subscription | null } = { subscription: null }
    const rest = { joined: () => undefined, flowing: () => undefined, message: () => undefined }
    const { ping } = transport.join(TOPIC, {
      ...rest,
      alive: () => second.subscription?.leave('rejoin'),
      refused: () => undefined,
      down: () => undefined,
    })
    const { socket, told, subscription } = await joined(transport, 'incident:1')
    second.subscription = subscription
    ping()
    socket.answer(socket.of('heartbeat')[0])
    expect(told).toEqual([])
  })

  it('are not sent over a socket that is not open', async () => {
    const { subscription, told } = await join(newTransport())
    subscription.ping()
    lastSocket().open()
    expect(lastSocket().of('heartbeat')).toEqual([])
    lastSocket().drop()
    subscription.ping()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toHaveLength(1)
  })
})

describe('the token', () => {
  it('is given to every channel when there is a new one, and once', async () => {
    const { transport, socket } = await joined()
    await joined(transport, 'incident:1')
    await vi.advanceTimersByTimeAsync(25_000)
    socket.answer(socket.of('heartbeat').at(-1))
    expect(socket.of('access_token')).toEqual([])
    token = 'token 2'
    await vi.advanceTimersByTimeAsync(25_000)
    socket.answer(socket.of('heartbeat').at(-1))
    await vi.advanceTimersByTimeAsync(25_000)
    expect(
      socket.of('access_token').map(([joinRef, , topic, , payload]) => [joinRef, topic, payload]),
    ).toEqual([
      ['1', WIRE, { access_token: 'token 2' }],
      ['2', 'realtime:incident:1', { access_token: 'token 2' }],
    ])
  })

  it('that comes while a join is under way is given after it', async () => {
    const transport = newTransport()
    await join(transport)
    const socket = lastSocket()
    socket.open()
    token = 'token 2'
    await join(transport, 'incident:1')
    expect(socket.of('access_token')).toEqual([])
    socket.answer(socket.of('phx_join')[0])
    expect(socket.of('access_token')).toMatchObject([
      ['1', '3', WIRE, 'access_token', { access_token: 'token 2' }],
    ])
    socket.answer(socket.of('phx_join')[1])
    expect(socket.of('access_token')).toHaveLength(1)
  })

  it('that cannot be had now is asked for again with the next heartbeat', async () => {
    const { socket, told } = await joined()
    const before = asked
    asked = () => Promise.reject(new Error('no network'))
    await vi.advanceTimersByTimeAsync(25_000)
    socket.answer(socket.of('heartbeat').at(-1))
    asked = before
    token = 'token 2'
    await vi.advanceTimersByTimeAsync(25_000)
    expect(socket.of('access_token')).toHaveLength(1)
    expect(told).toEqual(['alive'])
  })

  it('does not stand in what is logged', async () => {
    await joined()
    expect(lines[0]).toContain(`push: ${WIRE} phx_join (1, 1)`)
    expect(lines.join()).toContain('receive: ')
    expect(lines.join()).not.toContain('token 1')
  })
})

describe('the socket', () => {
  it('is one for all topics', async () => {
    const { transport, socket } = await joined()
    await joined(transport, 'incident:1')
    await joined(transport, 'queue:1')
    expect(PlayedSocket.all).toEqual([socket])
  })

  it('is not opened again by itself', async () => {
    const { transport, socket, told } = await joined()
    const other = await joined(transport, 'incident:1')
    socket.drop(1012)
    await vi.advanceTimersByTimeAsync(120_000)
    expect([told, other.told]).toEqual([['down socket: closed with 1012'], ['down socket: closed with 1012']])
    expect(PlayedSocket.all).toHaveLength(1)
  })

  it('that fails before it is open is down', async () => {
    const { told } = await join(newTransport())
    lastSocket().drop()
    expect(told).toEqual(['down socket: closed with 1006'])
  })

  it('stays for an attempt that follows, if it works', async () => {
    const { transport, socket, subscription } = await joined()
    subscription.leave('rejoin')
    subscription.leave('rejoin')
    expect([socket.readyState, socket.of('phx_leave').length]).toEqual([1, 1])
    await joined(transport)
    expect(PlayedSocket.all).toHaveLength(1)
  })

  it('that is not open yet does not stay for an attempt that follows', async () => {
    const transport = newTransport()
    const { subscription } = await join(transport)
    subscription.leave('rejoin')
    expect(lastSocket().readyState).toBe(2)
    await join(transport)
    expect(PlayedSocket.all).toHaveLength(2)
  })

  it('is closed in the turn in which the last one leaves for good, and says nothing afterwards', async () => {
    const { transport, socket, told, subscription } = await joined()
    const other = await joined(transport, 'incident:1')
    subscription.leave('end')
    expect(socket.readyState).toBe(1)
    other.subscription.leave('end')
    expect(socket.readyState).toBe(2)
    socket.receive(null, null, WIRE, 'broadcast', { event: 'late', payload: {} })
    await vi.advanceTimersByTimeAsync(60_000)
    expect([told, other.told, socket.of('heartbeat')]).toEqual([[], [], []])
  })

  it('is closed where no channel needs it, and only there', async () => {
    const { transport, socket, subscription } = await joined()
    transport.rest?.()
    expect(socket.readyState).toBe(1)
    subscription.leave('rejoin')
    transport.rest?.()
    expect(socket.readyState).toBe(2)
    await joined(transport)
    expect(PlayedSocket.all).toHaveLength(2)
  })

  it('is not opened for who leaves before there is a token', async () => {
    const told: string[] = []
    const handlers = { joined: () => told.push('joined'), flowing: () => told.push('flowing') }
    const rest = { message: () => undefined, alive: () => undefined, refused: () => undefined }
    const down = (): number => told.push('down')
    newTransport()
      .join(TOPIC, { ...handlers, ...rest, down })
      .leave('rejoin')
    await vi.advanceTimersByTimeAsync(20_000)
    expect([PlayedSocket.all, told]).toEqual([[], []])
  })

  it('that was given up does nothing to the one after it', async () => {
    const { transport, socket, subscription } = await joined()
    subscription.ping()
    subscription.leave('end')
    const next = await joined(transport)
    expect(next.socket).not.toBe(socket)
    socket.drop()
    await vi.advanceTimersByTimeAsync(24_000)
    expect([next.told, next.socket.readyState]).toEqual([[], 1])
  })

  it('is not missed by who has left before it turns out that there is no token', async () => {
    const answer = Promise.withResolvers<Token | null>()
    asked = () => answer.promise
    const { told, subscription } = await join(newTransport())
    subscription.leave('rejoin')
    answer.resolve(null)
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toEqual([])
  })

  it('of who joins anew the moment it is lost is another one', async () => {
    const transport = newTransport()
    const again: Promise<Joined>[] = []
    const rest = { joined: () => undefined, flowing: () => undefined, message: () => undefined }
    transport.join(TOPIC, {
      ...rest,
      alive: () => undefined,
      refused: () => undefined,
      down: () => again.push(join(transport)),
    })
    await vi.advanceTimersByTimeAsync(0)
    lastSocket().open()
    lastSocket().drop()
    const [next] = await Promise.all(again)
    expect(PlayedSocket.all).toHaveLength(2)
    expect(next?.told).toEqual([])
  })

  it('that is lost does not end channels that still wait for a token', async () => {
    const { transport, socket, told } = await joined()
    const waiting = Promise.withResolvers<Token | null>()
    asked = () => waiting.promise
    const next = await join(transport, 'incident:1')
    socket.drop()
    expect([told, next.told]).toEqual([['down socket: closed with 1006'], []])
    waiting.resolve({ text: 'token 2', userId: '1', issuedAt: 0, expiresAt: Number.POSITIVE_INFINITY })
    await vi.advanceTimersByTimeAsync(0)
    lastSocket().open()
    lastSocket().answer(lastSocket().sent[0])
    expect([next.told, PlayedSocket.all.length]).toEqual([['joined'], 2])
  })

  it('does not call a channel that a handler of another channel has left', async () => {
    const transport = newTransport()
    const second: { subscription: Subscription | null } = { subscription: null }
    const rest = { joined: () => undefined, flowing: () => undefined, message: () => undefined }
    transport.join(TOPIC, {
      ...rest,
      alive: () => undefined,
      refused: () => undefined,
      down: () => second.subscription?.leave('rejoin'),
    })
    const { told, subscription } = await join(transport, 'incident:1')
    second.subscription = subscription
    lastSocket().drop()
    expect(told).toEqual([])
  })
})
