/**
 * One WebSocket: reads frames, keeps them in order, hands them to channels, and writes what channels send.
 *
 *   frame -> decode -> heartbeat | phx_join (blocks the frames behind it) | a channel's message
 *
 * Nothing waits for a slow reader. Its unsent bytes are counted, and above the limit the socket is closed.
 */

import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Channel } from './channel.ts'
import type { RealtimeContext } from './context.ts'
import { JOIN_REFUSAL, SLOW_CONSUMER_REASON, SYSTEM_MESSAGE } from './errors.ts'
import { type JoiningSocket, joinChannel } from './join.ts'
import {
  decodeBinary,
  decodeText,
  encodeText,
  type Inbound,
  type ProtocolVersion,
  type Ref,
} from './protocol/serializer.ts'
import { CLOSE, EVENT, PHOENIX_TOPIC, TOPIC_PREFIX } from './protocol/wire.ts'
import { textFrame, type WireFrame } from './protocol/ws-frame.ts'
import { SerialTasks, type Task } from './serial.ts'

export type SocketOptions = Pick<JoiningSocket, 'version' | 'token' | 'headers'>

/** How long a closing socket may take before it is cut. */
const CLOSE_GRACE_MS = 5_000

export class RealtimeSocket implements JoiningSocket {
  readonly version: ProtocolVersion
  readonly token: string
  readonly headers: Readonly<Record<string, string>>
  readonly channels = new Map<string, Channel>()

  readonly #context: RealtimeContext
  readonly #ws: WebSocket
  readonly #stream: Duplex
  readonly #tasks: SerialTasks
  /** Milliseconds, {@link performance.now}. */
  #heardAt = performance.now()
  #channellessSince: number | undefined
  #pending = 0
  #corked = false
  #closed = false

  constructor(context: RealtimeContext, ws: WebSocket, stream: Duplex, options: SocketOptions) {
    this.#context = context
    this.#ws = ws
    this.#stream = stream
    this.version = options.version
    this.token = options.token
    this.headers = options.headers
    this.#tasks = new SerialTasks((error) => this.taskFailed(error))
    context.sockets.add(this)
    ws.on('message', (data: RawData, isBinary: boolean) => this.#received(data, isBinary))
    ws.on('ping', () => {
      this.#heardAt = performance.now()
    })
    ws.on('error', (error) => context.logger.debug('realtime', 'socket_failed', { error }))
    ws.on('close', () => this.#ended())
  }

  get open(): boolean {
    return !this.#closed && this.#ws.readyState === this.#ws.OPEN
  }

  reply(message: Inbound, joinRef: Ref, status: 'ok' | 'error', response: unknown): void {
    const payload = JSON.stringify({ status, response })
    this.push(joinRef, message.ref, message.topic, EVENT.reply, payload)
  }

  /** @param payload JSON text */
  push(joinRef: Ref, ref: Ref, topic: string, event: string, payload: string): void {
    this.send(textFrame(encodeText(this.version, joinRef, ref, topic, event, payload)))
  }

  /** Writes frames of one turn of the event loop together. */
  send(frame: WireFrame): void {
    if (!this.open) return
    if (!this.#corked) {
      this.#corked = true
      this.#stream.cork()
      setImmediate(() => this.#flush())
    }
    this.#stream.write(frame)
    if (this.#stream.writableLength > this.#context.settings.maxBufferedBytes) {
      this.#context.logger.warn('realtime', 'slow_reader_closed', {
        bufferedBytes: this.#stream.writableLength,
      })
      this.close(CLOSE.slowConsumer, SLOW_CONSUMER_REASON)
    }
  }

  close(code: number, reason: string): void {
    if (this.#closed) return
    this.#flush()
    this.#ws.close(code, reason)
    this.#ended()
    // A peer that does not read never answers the close frame.
    this.#cutAfter(CLOSE_GRACE_MS)
  }

  askToReconnect(): void {
    const payload = { message: SYSTEM_MESSAGE.disconnectRequested, status: 'ok', extension: 'system' }
    for (const channel of this.channels.values()) channel.push(EVENT.system, JSON.stringify(payload))
    this.close(CLOSE.restart, '')
  }

  forget(channel: Channel): void {
    if (this.channels.get(channel.fullTopic) === channel) this.channels.delete(channel.fullTopic)
  }

  drain(graceMs: number): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#ws.once('close', () => resolve()))
    this.#cutAfter(graceMs)
    this.#tasks.run(() => this.close(CLOSE.restart, ''))
    return ended
  }

  closeIfIdle(now: number): void {
    const { idleTimeoutMs, channellessTimeoutMs } = this.#context.settings
    if (now - this.#heardAt >= idleTimeoutMs) this.close(CLOSE.idle, '')
    else if (this.channels.size > 0) this.#channellessSince = undefined
    else {
      this.#channellessSince ??= now
      if (now - this.#channellessSince >= channellessTimeoutMs) this.terminate()
    }
  }

  terminate(): void {
    this.#ws.terminate()
    this.#ended()
  }

  /** Runs work that later frames wait for. The socket is not read while more than `maxPendingFrames` wait. */
  track(tasks: SerialTasks, task: Task): void {
    this.#pending++
    if (this.#pending === this.#context.settings.maxPendingFrames) this.#ws.pause()
    tasks.run(() => {
      const done = () => {
        this.#pending--
        if (this.#ws.isPaused && this.#pending < this.#context.settings.maxPendingFrames / 2)
          this.#ws.resume()
      }
      let running: void | Promise<void>
      try {
        running = task()
      } catch (error) {
        done()
        throw error
      }
      if (running === undefined) done()
      return running?.finally(done)
    })
  }

  taskFailed(error: unknown): void {
    this.#context.logger.error('realtime', 'message_failed', { error })
  }

  #received(data: RawData, isBinary: boolean): void {
    this.#heardAt = performance.now()
    const bytes = asBuffer(data)
    const message = isBinary ? decodeBinary(this.version, bytes) : decodeText(this.version, bytes.toString())
    if (message) this.track(this.#tasks, () => this.#handle(message))
  }

  #handle(message: Inbound): void | Promise<void> {
    if (this.#closed) return
    const { topic, event } = message
    if (topic === PHOENIX_TOPIC && event === EVENT.heartbeat) {
      this.reply(message, null, 'ok', {})
      return
    }
    if (topic.startsWith(TOPIC_PREFIX) && event === EVENT.join)
      return joinChannel(this.#context, this, message)
    const channel = this.channels.get(topic)
    if (channel) {
      channel.receive(message)
    } else if (event === EVENT.leave) {
      // The real server confirms leaving a topic that was never joined.
      this.reply(message, message.joinRef, 'ok', {})
    } else {
      this.reply(message, null, 'error', { reason: JOIN_REFUSAL.unmatchedTopic })
    }
  }

  #cutAfter(graceMs: number): void {
    const cut = setTimeout(() => this.#ws.terminate(), graceMs)
    this.#ws.once('close', () => clearTimeout(cut))
  }

  #flush(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#stream.uncork()
  }

  #ended(): void {
    if (this.#closed) return
    this.#closed = true
    this.#tasks.clear()
    this.#context.sockets.delete(this)
    this.#context.users.delete(this)
    for (const channel of this.channels.values()) channel.stop()
    this.channels.clear()
  }
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
