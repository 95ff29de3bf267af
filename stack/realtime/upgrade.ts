/** Upgrades: admitted connections become sockets, the others get an HTTP answer on the same connection. */

import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket, WebSocketServer } from 'ws'
import type { KeyReader } from './api-keys.ts'
import { admitConnection } from './connect.ts'
import type { RealtimeContext } from './context.ts'
import { UPGRADE_REFUSAL, type UpgradeRefusal } from './errors.ts'
import { RealtimeSocket } from './socket.ts'

/** RFC 6455: a message that is too big. */
const TOO_BIG = 1009

/** A frame over the limit cuts the connection without a close frame, as on the real server. */
class ServerWebSocket extends WebSocket {
  override close(code?: number, data?: string | Buffer): void {
    if (code === TOO_BIG) this.terminate()
    else super.close(code, data)
  }
}

export interface Upgrader {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

export function createUpgrader(context: RealtimeContext, keys: KeyReader): Upgrader {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: context.settings.maxFrameBytes,
    WebSocket: ServerWebSocket,
  })

  async function handle(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    const admission = await admitConnection(context, request.url ?? '/', request.headers, keys)
    if (!admission.ok) {
      await delay(context.settings.connectErrorDelayMs)
      refuse(stream, admission.refusal)
      return
    }
    if (context.stopping) {
      stream.destroy()
      return
    }
    const { version, token, headers } = admission
    server.handleUpgrade(request, stream, head, (ws) => {
      new RealtimeSocket(context, ws, stream, { version, token, headers })
    })
  }

  return {
    upgrade(request, stream, head) {
      stream.on('error', () => stream.destroy())
      handle(request, stream, head).catch((error: unknown) => {
        context.logger.error('realtime', 'upgrade_failed', { error })
        refuse(stream, UPGRADE_REFUSAL.unknown)
      })
    },
    close: () => server.close(),
  }
}

export function refuse(stream: Duplex, { status, message }: UpgradeRefusal): void {
  const body = message === undefined ? '' : JSON.stringify({ error: message })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...(message === undefined ? [] : ['content-type: application/json; charset=utf-8']),
    `content-length: ${Buffer.byteLength(body)}`,
    'vary: accept-encoding',
    'connection: close',
  ]
  stream.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
