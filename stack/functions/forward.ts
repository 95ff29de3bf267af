/**
 * Sends one request to a function's process and returns the answer, byte for byte. A client that leaves does not stop the
 * function, as on hosted Supabase: the rest of the answer is then read and dropped.
 *
 * Own code rather than `fetch`: see docs/adr/0007-own-code.md.
 */

import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** The process could not be reached. The function has seen nothing of the request. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError'
}

export interface ForwardOptions {
  port: number
  /** Path and query as the function sees them. */
  target: string
  request: Request
  /** Ends the exchange: before the answer `forward` rejects, afterwards the answer's body breaks off. */
  signal: AbortSignal
  /** Called when the answer's body has ended or broken off. Not called where `forward` throws. */
  onEnd: () => void
}

/** Headers that concern one connection only (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const NULL_BODY_STATUS = new Set([204, 205, 304])

/** @throws ConnectError before anything was sent; any other error when the process broke off. */
export async function forward(options: ForwardOptions): Promise<Response> {
  const socket = await connectTo(options.port)
  try {
    const answer = await exchange(socket, options)
    return toResponse(answer, options)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function connectTo(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', (cause) => reject(new ConnectError('not reachable', { cause })))
  })
}

function exchange(socket: Socket, { request, target, signal }: ForwardOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      method: request.method,
      path: target,
      headers: requestHeaders(request),
      createConnection: () => socket,
      signal,
    })
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    if (request.body === null) {
      outgoing.end()
      return
    }
    // A function may answer before it has read the whole body: a failure to send the rest is then ignored.
    pipeline(Readable.fromWeb(request.body), outgoing).catch(reject)
  })
}

function requestHeaders(request: Request): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  const dropped = connectionHeaders(request.headers.get('connection'))
  for (const [name, value] of request.headers) {
    if (!HOP_BY_HOP.has(name) && !dropped.has(name)) headers[name] = value
  }
  headers.host ??= new URL(request.url).host
  headers.connection = 'close'
  return headers
}

function connectionHeaders(value: string | null): Set<string> {
  return new Set((value ?? '').split(',').map((name) => name.trim().toLowerCase()))
}

function toResponse(answer: IncomingMessage, { request, onEnd }: ForwardOptions): Response {
  const status = answer.statusCode ?? 502
  const headers = new Headers()
  const dropped = connectionHeaders(answer.headers.connection ?? null)
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index]?.toLowerCase() ?? ''
    if (!HOP_BY_HOP.has(name) && !dropped.has(name)) headers.append(name, answer.rawHeaders[index + 1] ?? '')
  }
  answer.once('close', onEnd)
  const init = { status, statusText: answer.statusMessage ?? '', headers }
  if (request.method === 'HEAD' || NULL_BODY_STATUS.has(status)) {
    answer.on('error', () => undefined) // the body is not used
    answer.resume()
    return new Response(null, init)
  }
  return new Response(bodyOf(answer), init)
}

/** Like `Readable.toWeb`, but cancelling the stream lets the function finish. */
function bodyOf(answer: IncomingMessage): ReadableStream<Uint8Array> {
  let open = true
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        answer.on('data', (chunk: Buffer) => {
          if (!open) return
          controller.enqueue(chunk)
          if ((controller.desiredSize ?? 0) <= 0) answer.pause()
        })
        answer.on('end', () => {
          if (open) controller.close()
          open = false
        })
        answer.on('error', (error) => {
          if (open) controller.error(error)
          open = false
        })
      },
      pull() {
        answer.resume()
      },
      cancel() {
        open = false
        answer.resume()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }),
  )
}
