/**
 * Downloads a file from an address that came with a form. The address must be https and public; bytes, redirects and
 * seconds are limited; each redirect is checked like the first address.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { readAll } from '../byte-streams.ts'
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

/** Settings that all downloads of a worker share. */
export interface DownloadSettings {
  limits: DownloadLimits
  /** Origins that may be http and private, e.g. the sample server of a development stack. */
  trustedOrigins: ReadonlySet<string>
  /** Bearer token for files at {@link tokenOrigins}; sent nowhere else. */
  typeformToken?: string | undefined
  /** Origins of Typeform, compared exactly. Default {@link TYPEFORM_ORIGINS}. */
  tokenOrigins?: ReadonlySet<string>
}

export interface DownloadOptions extends DownloadSettings {
  signal: AbortSignal
  /** Called with the bytes so far and the announced length, where there is one. */
  onProgress?: (received: number, announced: number | null) => void
  /** Awaited before so many bytes are held in memory. The wait does not count towards {@link DownloadLimits.stallMs}. */
  growTo?: ((bytes: number) => Promise<void>) | undefined
  /** Opens the connection to a checked URL. Default {@link openConnection}. */
  connect?: (url: URL, options: ConnectOptions) => Promise<Connection>
}

export const DEFAULT_LIMITS: DownloadLimits = {
  maxBytes: 25 * 1024 * 1024,
  totalMs: 60_000,
  connectMs: 10_000,
  stallMs: 10_000,
}

/** Typeform's API in its regions: the United States, and the European Union under two names. */
export const TYPEFORM_ORIGINS: ReadonlySet<string> = new Set([
  'https://api.typeform.com',
  'https://api.eu.typeform.com',
  'https://api.typeform.eu',
])

const MAX_REDIRECTS = 5
const REDIRECTS = [301, 302, 303, 307, 308]

/**
 * A download as workers use it. @param onProgress gets the part that has arrived, 0 to 1, where the length is announced
 * @throws AppError as {@link download}
 */
export type Download = (
  url: string,
  signal: AbortSignal,
  onProgress: (part: number) => void,
  growTo?: (bytes: number) => Promise<void>,
) => Promise<Uint8Array<ArrayBuffer>>

export function createDownload(settings: DownloadSettings): Download {
  return (url, signal, onProgress, growTo) =>
    download(url, {
      ...settings,
      signal,
      growTo,
      onProgress: (received, announced) => {
        if (announced !== null && announced > 0) onProgress(received / announced)
      },
    })
}

/**
 * @throws AppError `url_not_allowed`, `private_address`, `too_many_redirects`, `download_not_found`,
 * `download_forbidden`, `download_failed`, `download_timeout`, `download_truncated`,
 * `download_size_mismatch`, `file_too_large`, `file_empty`; and the reason of `signal`.
 */
export async function download(address: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  using watchdog = createWatchdog(options.limits.totalMs, options.signal, 'download_timeout')
  let url = checkAddress(address, undefined, options)
  // The token is for the address in the form's response, not for an address that a redirect names.
  const { tokenOrigins = TYPEFORM_ORIGINS, typeformToken } = options
  let token = tokenOrigins.has(url.origin) ? typeformToken : undefined
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
  // Checked first: `private_address` explains more than `url_not_allowed`.
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
    // A read that hangs ends when its connection is closed.
    signal.addEventListener('abort', close)
    signal.throwIfAborted()
    watchdog.expectWithin(options.limits.stallMs)
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const response = await httpGet(connection, url, headers)
    const location = redirectTarget(response)
    if (location !== null) return { location }
    requireOk(response.status)
    return await readFile(response, watchdog, options)
  } catch (error) {
    // A closed connection throws its own error, which hides why it was closed.
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

async function readFile(
  response: HttpResponse,
  watchdog: Watchdog,
  options: DownloadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { maxBytes } = options.limits
  const announced = announcedLength(response.headers)
  if (announced !== null && announced > maxBytes) throw new AppError('file_too_large')
  const bytes = await readAll(observed(response.body, announced, watchdog, options), {
    maxBytes,
    tooLarge: 'file_too_large',
    expectedBytes: announced ?? undefined,
  })
  if (bytes.length === 0) throw new AppError('file_empty')
  return bytes
}

/** The chunks, each of them expected in time, waiting for memory before it is held, and reported as progress. */
async function* observed(
  body: HttpResponse['body'],
  announced: number | null,
  watchdog: Watchdog,
  { limits, onProgress, growTo }: DownloadOptions,
): HttpResponse['body'] {
  let received = 0
  for await (const chunk of body) {
    watchdog.expectWithin(limits.stallMs)
    received += chunk.length
    // Beyond the maximum, readAll refuses the chunk: there is no memory to wait for.
    if (growTo !== undefined && received <= limits.maxBytes) {
      watchdog.expectWithin(limits.totalMs)
      await abortable(growTo(received), watchdog.signal)
      watchdog.expectWithin(limits.stallMs)
    }
    yield chunk
    onProgress?.(received, announced)
  }
}
