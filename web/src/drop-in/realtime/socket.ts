/**
 * One WebSocket to Realtime from opening to its end; a new socket is a new object. The socket sends heartbeats, and is closed
 * when one is not answered, because a half-open connection reports no error.
 *
 *   connecting ──> open ──> ended      closed by either side, or a heartbeat was not answered
 *       └──────────────────────^
 */

import { EVENT, PHOENIX_TOPIC } from '../../../../functions-shared/realtime-protocol.ts'
import type { DownReason } from '../../client/connection-state.ts'
import { withoutToken } from '../../client/frame-tap.ts'
import { decode, encode, type Message, PROTOCOL_VERSION } from './codec.ts'

export interface SocketOptions {
  /** Address of the Realtime service, `wss://<host>/realtime/v1`. */
  address: string
  key: string
  /** Milliseconds within which a heartbeat has to be answered. */
  heartbeatTimeout: number
  /** Called with every frame, without tokens. */
  log: ((text: string, payload: unknown) => void) | undefined
}

export interface SocketHandlers {
  message(message: Message): void
  /** A heartbeat was sent, by the timer or by `ping()`. */
  beat(): void
  /** A heartbeat was answered. */
  alive(latencyMs: number): void
  /** Final. */
  lost(reason: DownReason, cause?: unknown): void
}

/** Milliseconds between heartbeats; the server closes a socket after 60 s without a frame. */
const HEARTBEAT_INTERVAL = 25_000

export class RealtimeSocket {
  readonly #options: SocketOptions
  readonly #handlers: SocketHandlers
  readonly #socket: WebSocket
  /** Messages that wait for the socket to open; null once it is open. */
  #waiting: Message[] | null = []
  #lastRef = 0
  #heartbeat: { ref: string; sentAt: number } | null = null
  /** Timer for the next heartbeat or, after a heartbeat, for its answer. */
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @throws when the page's Content-Security-Policy forbids the socket. */
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
    // The event `error` carries no information and is followed by `close`.
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

  /** Messages that are sent before the socket is open wait for it. */
  send(message: Message): void {
    if (this.#waiting !== null) {
      this.#waiting.push(message)
      return
    }
    this.#log('push', message)
    this.#socket.send(encode(message))
  }

  /** Sends a heartbeat, unless one is waiting for its answer. */
  ping(): void {
    if (!this.isOpen || this.#heartbeat !== null) return
    const ref = this.nextRef()
    this.#heartbeat = { ref, sentAt: performance.now() }
    this.send({ joinRef: null, ref, topic: PHOENIX_TOPIC, event: EVENT.heartbeat, payload: {} })
    this.#after(this.#options.heartbeatTimeout, () => this.#end('heartbeat-timeout'))
    this.#handlers.beat()
  }

  /** Closes in this turn, without waiting for the server. No handler is called afterwards. Safe to call twice. */
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

  /** Starts the timer for the next heartbeat. */
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
