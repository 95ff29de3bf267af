/**
 * One WebSocket to Realtime, from its first moment to its end; another one is another object. It shows that it lives by
 * heartbeats, and is given up when one is not answered: a connection that is half open says nothing by itself.
 *
 *   connecting ──> open ──> ended      closed by either side, or a heartbeat was not answered
 *       └──────────────────────^
 */

import type { DownReason } from '../../client/connection-state.ts'
import { withoutToken } from '../../client/frame-tap.ts'
import { decode, EVENT, encode, type Message, PHOENIX, PROTOCOL_VERSION } from './codec.ts'

export interface SocketOptions {
  /** Of the Realtime service, `wss://<host>/realtime/v1`. */
  address: string
  key: string
  /** Milliseconds within which a heartbeat has to be answered. */
  heartbeatTimeout: number
  /** Gets every frame; tokens are left out. */
  log: ((text: string, payload: unknown) => void) | undefined
}

export interface SocketHandlers {
  message(message: Message): void
  /** A heartbeat was sent, of itself or because somebody asked. */
  beat(): void
  /** It was answered after so many milliseconds. */
  alive(latencyMs: number): void
  /** Final. */
  lost(reason: DownReason, cause?: unknown): void
}

/** Milliseconds; the server closes a socket that it has not heard of for 60 s. */
const HEARTBEAT_INTERVAL = 25_000

export class RealtimeSocket {
  readonly #options: SocketOptions
  readonly #handlers: SocketHandlers
  readonly #socket: WebSocket
  /** What waits for the socket to open; null once it has. */
  #waiting: Message[] | null = []
  #lastRef = 0
  #heartbeat: { ref: string; sentAt: number } | null = null
  /** For the next heartbeat or, while there is one, for its answer. */
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @throws where the page's policies allow no such socket. */
  constructor(options: SocketOptions, handlers: SocketHandlers) {
    this.#options = options
    this.#handlers = handlers
    const { address, key } = options
    const params = new URLSearchParams({ apikey: key, vsn: PROTOCOL_VERSION })
    const socket = new WebSocket(`${address}/websocket?${params}`)
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.#opened()
    socket.onmessage = ({ data }) => this.#received(data)
    // An error is followed by this, and says nothing of its own.
    socket.onclose = ({ code, reason }) =>
      this.#end('socket', new Error(`closed with ${code} ${reason}`.trim()))
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  nextRef(): string {
    this.#lastRef += 1
    return String(this.#lastRef)
  }

  /** What is sent before the socket is open waits for that. */
  send(message: Message): void {
    if (this.#waiting !== null) {
      this.#waiting.push(message)
      return
    }
    this.#log('push', message)
    this.#socket.send(encode(message))
  }

  /** Asks for a sign of life, unless one is under way. */
  ping(): void {
    if (!this.isOpen || this.#heartbeat !== null) return
    const ref = this.nextRef()
    this.#heartbeat = { ref, sentAt: performance.now() }
    this.send({ joinRef: null, ref, topic: PHOENIX, event: EVENT.heartbeat, payload: {} })
    this.#after(this.#options.heartbeatTimeout, () => this.#end('heartbeat-timeout'))
    this.#handlers.beat()
  }

  /** In this turn, without waiting for the other side; no handler is called afterwards. Safe to call twice. */
  close(): void {
    clearTimeout(this.#timer)
    this.#waiting = []
    const socket = this.#socket
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  #opened(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = null
    for (const message of waiting) this.send(message)
    this.#rest()
  }

  #received(data: unknown): void {
    const message = decode(data)
    if (message === null) {
      this.#options.log?.('receive: unreadable', data)
      return
    }
    this.#log('receive', message)
    if (message.ref === null || message.ref !== this.#heartbeat?.ref) {
      this.#handlers.message(message)
      return
    }
    const latencyMs = Math.round(performance.now() - this.#heartbeat.sentAt)
    this.#heartbeat = null
    this.#rest()
    if (message.payload.status === 'ok') this.#handlers.alive(latencyMs)
  }

  /** Until the next heartbeat. */
  #rest(): void {
    this.#after(HEARTBEAT_INTERVAL, () => this.ping())
  }

  #after(delayMs: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(then, delayMs)
  }

  #end(reason: DownReason, cause?: unknown): void {
    this.close()
    this.#handlers.lost(reason, cause)
  }

  #log(kind: string, { joinRef, ref, topic, event, payload }: Message): void {
    this.#options.log?.(`${kind}: ${topic} ${event} (${joinRef}, ${ref})`, withoutToken(payload))
  }
}
