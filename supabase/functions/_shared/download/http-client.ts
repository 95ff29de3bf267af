/**
 * One GET over HTTP/1.1 on a connection to a checked address. `fetch` cannot be told the address to connect to, and does
 * not report a body that is longer than announced; here a body of another length than announced is an error.
 *
 * Sends `Connection: close`, asks for an uncompressed answer and refuses a compressed one. Redirects are not followed.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { concat } from '../std.ts'
import type { Connection } from './connection.ts'

export interface HttpResponse {
  status: number
  headers: Headers
  /**
   * The body in chunks. @throws AppError for a body that breaks the protocol. A reader that does not want the body closes
   * the connection.
   */
  body: AsyncGenerator<Uint8Array<ArrayBuffer>>
}

const MAX_HEAD_BYTES = 32 * 1024
const MAX_LINE_BYTES = 1024
const READ_BYTES = 64 * 1024
/** Milliseconds to wait for bytes after the announced end of a body. A server that has sent all closes at once. */
const EXCESS_WAIT_MS = 250

/** @throws AppError `download_failed`, `download_truncated`; and what the connection throws. */
export async function httpGet(
  connection: Connection,
  url: URL,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  await writeAll(connection, formatRequest(url, headers))
  const reader = new ByteReader(connection)
  for (;;) {
    const { status, headers: received } = parseHead(await readHead(reader))
    // A 1xx answer is followed by the final one.
    if (status >= 200) return { status, headers: received, body: readBody(reader, received) }
  }
}

function formatRequest(url: URL, headers: Readonly<Record<string, string>>): Uint8Array {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'User-Agent: claimwire/1',
    'Accept: image/*, */*;q=0.5',
    'Accept-Encoding: identity',
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  for (const line of lines) {
    // A line break in a configured token would begin another header.
    if (/[\r\n\0]/.test(line)) throw new AppError('internal_error', { cause: new TypeError('Bad header') })
  }
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`)
}

async function writeAll(connection: Connection, data: Uint8Array): Promise<void> {
  let sent = 0
  while (sent < data.length) sent += await connection.write(data.subarray(sent))
}

async function readHead(reader: ByteReader): Promise<string[]> {
  const lines: string[] = []
  let size = 0
  for (;;) {
    const line = await reader.line(MAX_HEAD_BYTES - size)
    size += line.length + 2
    if (line === '' && lines.length > 0) return lines
    lines.push(line)
  }
}

function parseHead([statusLine = '', ...lines]: string[]): { status: number; headers: Headers } {
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]
  if (status === undefined) throw broken('status line')
  const headers = new Headers()
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw broken('header line')
    headers.append(name, value)
  }
  return { status: Number(status), headers }
}

async function* readBody(reader: ByteReader, headers: Headers): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw broken('content encoding')
  const transfer = headers.get('transfer-encoding')
  if (transfer !== null) {
    if (transfer.toLowerCase() !== 'chunked') throw broken('transfer encoding')
    yield* readChunked(reader)
    return
  }
  const announced = announcedLength(headers)
  if (announced === null) yield* reader.rest()
  else yield* readAnnounced(reader, announced)
}

/** Null where the length is not announced. */
export function announcedLength(headers: Headers): number | null {
  if (headers.has('transfer-encoding')) return null
  const values = new Set(
    headers
      .get('content-length')
      ?.split(',')
      .map((value) => value.trim()) ?? [],
  )
  if (values.size === 0) return null
  const [value = ''] = values
  if (values.size > 1 || !/^\d{1,15}$/.test(value)) throw broken('content length')
  return Number(value)
}

async function* readAnnounced(reader: ByteReader, length: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield* reader.exactly(length)
  if (await reader.hasMore(EXCESS_WAIT_MS)) throw new AppError('download_size_mismatch')
}

async function* readChunked(reader: ByteReader): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (;;) {
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(await reader.line(MAX_LINE_BYTES))?.[1]
    if (size === undefined) throw broken('chunk size')
    const length = Number.parseInt(size, 16)
    if (length === 0) return
    yield* reader.exactly(length)
    if ((await reader.line(MAX_LINE_BYTES)) !== '') throw broken('chunk end')
  }
}

function broken(part: string): AppError {
  return new AppError('download_failed', { cause: new TypeError(`Not HTTP/1.1: ${part}`) })
}

/** Reads lines and counted bytes from a connection. */
class ByteReader {
  readonly #connection: Connection
  readonly #window = new Uint8Array(READ_BYTES)
  #buffered: Uint8Array<ArrayBuffer> = new Uint8Array()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The text up to the next line break, without the line break. One character per byte. */
  async line(maxBytes: number): Promise<string> {
    for (;;) {
      const end = this.#buffered.indexOf(0x0a)
      if (end > maxBytes || (end < 0 && this.#buffered.length > maxBytes)) throw broken('line too long')
      if (end >= 0) {
        const bytes = this.#buffered.subarray(0, end)
        this.#buffered = this.#buffered.subarray(end + 1)
        return Array.from(bytes, (byte) => String.fromCharCode(byte))
          .join('')
          .replace(/\r$/, '')
      }
      const more = await this.#read()
      if (more === null) throw new AppError('download_truncated')
      this.#buffered = concat([this.#buffered, more])
    }
  }

  async *exactly(length: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    let missing = length
    while (missing > 0) {
      const bytes = this.#take() ?? (await this.#read())
      if (bytes === null) throw new AppError('download_truncated')
      const chunk = bytes.subarray(0, missing)
      this.#buffered = bytes.subarray(chunk.length)
      missing -= chunk.length
      yield chunk
    }
  }

  async *rest(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const bytes = this.#take() ?? (await this.#read())
      if (bytes === null) return
      yield bytes
    }
  }

  /** Whether bytes follow within `waitMs`. The end of the connection counts as no. */
  async hasMore(waitMs: number): Promise<boolean> {
    if (this.#buffered.length > 0) return true
    const { promise: silence, resolve } = Promise.withResolvers<null>()
    const timer = setTimeout(() => resolve(null), waitMs)
    try {
      // A connection that is reset after the last byte counts as ended.
      return (await Promise.race([this.#read().catch(() => null), silence])) !== null
    } finally {
      clearTimeout(timer)
    }
  }

  #take(): Uint8Array<ArrayBuffer> | null {
    const bytes = this.#buffered
    this.#buffered = new Uint8Array()
    return bytes.length > 0 ? bytes : null
  }

  /** @throws AppError `download_truncated` where TLS ends without a close notification, or the server resets. */
  async #read(): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const count = await this.#connection.read(this.#window)
      // A copy of the bytes that were read, so that the whole window is not kept alive for each small read.
      return count === null ? null : this.#window.slice(0, count)
    } catch (error) {
      if (isCutOff(error)) throw new AppError('download_truncated', { cause: error })
      throw error
    }
  }
}

function isCutOff(error: unknown): boolean {
  return error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.ConnectionReset
}
