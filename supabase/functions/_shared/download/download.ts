/**
 * Copies a file from an address that a stranger gave us. Only https, only public addresses, only so many
 * bytes, redirects and seconds; each redirect is checked like the first address.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { abortable } from '../std.ts'
import { createWatchdog, type Watchdog } from '../watchdog.ts'
import { type Connection, type ConnectOptions, isPrivateHost, openConnection } from './connection.ts'
import { announcedLength, type HttpResponse, httpGet } from './http-client.ts'

export interface DownloadLimits {
  /** Bytes. */
  maxBytes: number
  /** Milliseconds for the whole download, redirects included. */
  totalMs: number
  /** Milliseconds to resolve a name and to connect. */
  connectMs: number
  /** Milliseconds without a single byte. */
  stallMs: number
}

export interface DownloadOptions {
  limits: DownloadLimits
  signal: AbortSignal
  /** Origins that may be http and private, e.g. the sample server of a development stack. */
  trustedOrigins: ReadonlySet<string>
  /** Bearer token for files of {@link TYPEFORM_ORIGIN}; sent nowhere else. */
  typeformToken?: string | undefined
  /** Called with the bytes so far and the announced size, where there is one. */
  onProgress?: (received: number, announced: number | null) => void
  /** Asked before so many bytes are held in memory; what it waits for is not held against the server. */
  room?: ((bytes: number) => Promise<void>) | undefined
  /** Opens the connection to a checked URL. Default {@link openConnection}. */
  connect?: (url: URL, options: ConnectOptions) => Promise<Connection>
}

export const DEFAULT_LIMITS: DownloadLimits = {
  maxBytes: 25 * 1024 * 1024,
  totalMs: 60_000,
  connectMs: 10_000,
  stallMs: 10_000,
}

export const TYPEFORM_ORIGIN = 'https://api.typeform.com'

const MAX_REDIRECTS = 5
/** Room for a file whose size is not announced, before it is known to be larger. */
const FIRST_BYTES = 256 * 1024
const REDIRECTS = [301, 302, 303, 307, 308]

/**
 * @throws AppError `url_not_allowed`, `private_address`, `too_many_redirects`, `download_not_found`,
 * `download_forbidden`, `download_failed`, `download_timeout`, `download_truncated`,
 * `download_size_mismatch`, `file_too_large`, `file_empty`; and the reason of `signal`.
 */
export async function download(address: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  using watchdog = createWatchdog(options.limits.totalMs, options.signal, 'download_timeout')
  let url = checkAddress(address, undefined, options)
  // The token goes to the address in the form's response alone, not to one that a redirect names.
  let token = url.origin === TYPEFORM_ORIGIN ? options.typeformToken : undefined
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const outcome = await request(url, token, watchdog, options)
    if (outcome instanceof Uint8Array) return outcome
    url = checkAddress(outcome.location, url, options)
    token = undefined
  }
  throw new AppError('too_many_redirects')
}

function checkAddress(address: string, base: URL | undefined, options: DownloadOptions): URL {
  const url = URL.parse(address, base)
  if (url === null) throw new AppError('url_not_allowed')
  if (options.trustedOrigins.has(url.origin) && /^https?:$/.test(url.protocol)) return url
  // Before the rest of the address: where it leads says more than how.
  if (isPrivateHost(url.hostname)) throw new AppError('private_address')
  const allowed = url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === ''
  if (!allowed) throw new AppError('url_not_allowed')
  return url
}

type Outcome = Uint8Array<ArrayBuffer> | { location: string }

async function request(
  url: URL,
  token: string | undefined,
  watchdog: Watchdog,
  options: DownloadOptions,
): Promise<Outcome> {
  const { signal } = watchdog
  let connection: Connection | undefined
  const close = () => {
    connection?.close()
    connection = undefined
  }
  try {
    watchdog.expectWithin(options.limits.connectMs)
    const connect = options.connect ?? openConnection
    connection = await connect(url, { signal, trustedOrigins: options.trustedOrigins })
    // Closing is what ends a read that hangs.
    signal.addEventListener('abort', close)
    signal.throwIfAborted()
    watchdog.expectWithin(options.limits.stallMs)
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const response = await httpGet(connection, url, headers)
    const location = redirectTarget(response)
    if (location !== null) return { location }
    requireOk(response.status)
    return await collect(response, watchdog, options)
  } catch (error) {
    // What a closed connection throws hides why it was closed.
    signal.throwIfAborted()
    throw error instanceof AppError ? error : new AppError('download_failed', { cause: error })
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}

function redirectTarget({ status, headers }: HttpResponse): string | null {
  if (!REDIRECTS.includes(status)) return null
  const location = headers.get('location')
  if (location === null) throw new AppError('download_failed')
  return location
}

function requireOk(status: number): void {
  if (status === 200 || status === 203) return
  if (status === 404 || status === 410) throw new AppError('download_not_found')
  if (status === 401 || status === 403 || status === 451) throw new AppError('download_forbidden')
  if (status === 204) throw new AppError('file_empty')
  if (status === 408 || status === 504) throw new AppError('download_timeout')
  throw new AppError('download_failed')
}

async function collect(
  response: HttpResponse,
  watchdog: Watchdog,
  { limits, onProgress, room }: DownloadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = announcedLength(response.headers)
  if (announced !== null && announced > limits.maxBytes) throw new AppError('file_too_large')
  // Put together as it arrives: pieces may have a byte each, and a list of them would take many times their size.
  let bytes = new Uint8Array(announced ?? FIRST_BYTES)
  let received = 0
  for await (const piece of response.body) {
    watchdog.expectWithin(limits.stallMs)
    const total = received + piece.length
    if (total > limits.maxBytes) throw new AppError('file_too_large')
    if (room !== undefined) {
      watchdog.expectWithin(limits.totalMs)
      await abortable(room(total), watchdog.signal)
      watchdog.expectWithin(limits.stallMs)
    }
    if (total > bytes.length) {
      const larger = new Uint8Array(Math.min(Math.max(total, bytes.length * 2), limits.maxBytes))
      larger.set(bytes.subarray(0, received))
      bytes = larger
    }
    bytes.set(piece, received)
    received = total
    onProgress?.(received, announced)
  }
  if (received === 0) throw new AppError('file_empty')
  return received === bytes.length ? bytes : bytes.slice(0, received)
}
