/**
 * Between Node's HTTP server and the web's Request and Response. Bodies are streamed with back-pressure and byte for byte;
 * a client that leaves aborts the request's signal and cancels the answer's body.
 *
 * Own code rather than `@hono/node-server`: see docs/adr/0007-own-code.md.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Hop-by-hop headers belong to one connection and are not passed on. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Bytes and milliseconds of a body that are still read after the answer: a browser reads a refusal only after it has sent the
 * whole file.
 */
const DRAIN_LIMIT_BYTES = 16 * 1024 * 1024
const DRAIN_LIMIT_MS = 5_000

/** @returns undefined when the request line is no address. The Host header has been checked before. */
export function toRequest(incoming: IncomingMessage, outgoing: ServerResponse): Request | undefined {
  const target = incoming.url ?? ''
  const address = `http://${incoming.headers.host}${target}`
  if (!target.startsWith('/') || !URL.canParse(address)) return undefined

  const abort = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) abort.abort(new DOMException('The client went away', 'AbortError'))
  })
  const init: RequestInit = {
    method: incoming.method ?? 'GET',
    headers: toHeaders(incoming.rawHeaders),
    signal: abort.signal,
  }
  return hasBody(incoming)
    ? new Request(address, { ...init, body: bodyStream(incoming, outgoing), duplex: 'half' })
    : new Request(address, init)
}

function toHeaders(rawHeaders: readonly string[]): Headers {
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (!name.startsWith(':')) headers.append(name, rawHeaders[index + 1] ?? '')
  }
  return headers
}

function hasBody(incoming: IncomingMessage): boolean {
  if (incoming.method === 'GET' || incoming.method === 'HEAD') return false
  return (
    incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0
  )
}

/** Reads from the socket only while the returned stream is read, and as fast. */
function bodyStream(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let detach = (): void => undefined
  outgoing.once('finish', () => {
    if (incoming.complete) return
    detach()
    drain(incoming)
  })
  let started = false
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        if (!started) {
          started = true
          detach = pump(incoming, controller)
        }
        incoming.resume()
      },
      cancel() {
        detach()
        incoming.resume()
      },
    },
    { highWaterMark: 0 },
  )
}

function pump(
  incoming: IncomingMessage,
  controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
): () => void {
  const onData = (chunk: Buffer): void => {
    controller.enqueue(new Uint8Array(chunk))
    incoming.pause()
  }
  const onEnd = (): void => {
    detach()
    controller.close()
  }
  const onClose = (): void => {
    detach()
    controller.error(new DOMException('The client went away', 'AbortError'))
  }
  const detach = (): void => {
    incoming.off('data', onData).off('end', onEnd).off('close', onClose)
  }
  // A client that left before the first read has emitted its events already.
  if (incoming.destroyed) {
    onClose()
    return detach
  }
  // The listener for errors stays after `detach`: a reset after the end of the body must not throw.
  incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  return detach
}

/** Reads the rest of a body that no service reads, within limits. A client that sends more is cut off. */
function drain(incoming: IncomingMessage): void {
  let bytes = 0
  const timer = setTimeout(() => incoming.socket.destroy(), DRAIN_LIMIT_MS)
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > DRAIN_LIMIT_BYTES) incoming.socket.destroy()
  })
  incoming.once('close', () => clearTimeout(timer))
  incoming.once('end', () => clearTimeout(timer))
  incoming.resume()
}

/**
 * Sends `response` with `extraHeaders`. Resolves when everything is handed to the socket or the client is gone.
 * @throws when the response's body fails. The connection is then cut: the client must not take the answer for whole.
 */
export async function sendResponse(
  response: Response,
  outgoing: ServerResponse,
  extraHeaders: Readonly<Record<string, string>>,
): Promise<void> {
  if (outgoing.destroyed) {
    await response.body?.cancel()
    return
  }
  const headers = new Map<string, string | string[]>()
  for (const [name, value] of response.headers) {
    if (!HOP_BY_HOP.has(name)) headers.set(name, value)
  }
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers.set('set-cookie', cookies)
  for (const [name, value] of Object.entries(extraHeaders)) headers.set(name, value)
  if (response.statusText) outgoing.statusMessage = response.statusText
  outgoing.statusCode = response.status
  outgoing.setHeaders(headers)

  const { body } = response
  if (body === null || outgoing.req.method === 'HEAD') {
    await body?.cancel()
    outgoing.end()
    return
  }
  try {
    await pipeline(Readable.fromWeb(body), outgoing)
  } catch (error) {
    const clientLeft = outgoing.destroyed && isPrematureClose(error)
    outgoing.destroy()
    if (!clientLeft) throw error
  }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}
