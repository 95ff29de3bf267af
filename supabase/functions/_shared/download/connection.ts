/**
 * TCP and TLS connections whose address is known: a name is resolved once, every address it has is checked,
 * and the connection goes to a checked address. A second look at DNS, where an attacker could answer
 * differently ("DNS rebinding"), does not happen.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { abortable } from '../std.ts'
import { isIpLiteral, isPublicAddress } from './addresses.ts'

export interface Connection {
  read(buffer: Uint8Array): Promise<number | null>
  write(data: Uint8Array): Promise<number>
  close(): void
}

export interface ConnectOptions {
  /** Origins, e.g. `http://127.0.0.1:8080`, that may be inside a private network. */
  trustedOrigins: ReadonlySet<string>
  signal: AbortSignal
  /** Certificates (PEM) to trust beside the system's. */
  caCerts?: string[]
  resolve?: (name: string) => Promise<string[]>
}

/** Names that only ever mean this machine or its network, whatever a resolver says. */
const LOCAL_NAME = /^(?:localhost|(?:.+\.)?(?:localhost|local|internal|home\.arpa))\.?$/
/** How many of a name's addresses are tried. */
const MAX_ADDRESSES = 3

/** @throws AppError `private_address`, `download_not_found` (no such name), `download_failed`. */
export async function openConnection(url: URL, options: ConnectOptions): Promise<Connection> {
  const secure = url.protocol === 'https:'
  const port = Number(url.port === '' ? (secure ? 443 : 80) : url.port)
  const trusted = options.trustedOrigins.has(url.origin)
  const addresses = await findAddresses(url.hostname, trusted, options)
  const tcp = await connectToAny(addresses.slice(0, MAX_ADDRESSES), port, options.signal)
  try {
    if (!secure) return tcp
    const hostname = url.hostname.replace(/^\[|\]$/g, '')
    const tls = await Deno.startTls(tcp, {
      hostname,
      alpnProtocols: ['http/1.1'],
      ...(options.caCerts === undefined ? {} : { caCerts: options.caCerts }),
    })
    try {
      await abortable(tls.handshake(), options.signal)
    } catch (error) {
      tls.close()
      throw error
    }
    return tls
  } catch (error) {
    closeQuietly(tcp)
    throw error
  }
}

/** Whether a URL's host is, by itself and without asking anybody, in a private or local network. */
export function isPrivateHost(host: string): boolean {
  return isIpLiteral(host) ? !isPublicAddress(host) : LOCAL_NAME.test(host)
}

/** The literal address, or all addresses of the name; one that is not public refuses them all. */
async function findAddresses(host: string, trusted: boolean, options: ConnectOptions): Promise<string[]> {
  const bare = host.replace(/^\[|\]$/g, '')
  // A trusted name may be one that only the system's own resolver knows, such as localhost.
  if (trusted) return options.resolve === undefined ? [bare] : await options.resolve(bare)
  if (isPrivateHost(host)) throw new AppError('private_address')
  if (isIpLiteral(host)) return [bare]
  const resolve = options.resolve ?? resolveName
  const addresses = await abortable(resolve(bare), options.signal)
  if (addresses.length === 0) throw new AppError('download_not_found')
  if (!addresses.every(isPublicAddress)) throw new AppError('private_address')
  return addresses
}

/** IPv4 first: not every network that runs functions has IPv6. */
async function resolveName(name: string): Promise<string[]> {
  const answers = await Promise.allSettled([Deno.resolveDns(name, 'A'), Deno.resolveDns(name, 'AAAA')])
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (addresses.length > 0) return addresses
  for (const answer of answers) {
    if (answer.status === 'rejected' && !(answer.reason instanceof Deno.errors.NotFound)) {
      throw new AppError('download_failed', { cause: answer.reason })
    }
  }
  return []
}

async function connectToAny(addresses: string[], port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  let failure: unknown
  for (const hostname of addresses) {
    try {
      return await connect(hostname, port, signal)
    } catch (error) {
      signal.throwIfAborted()
      failure = error
    }
  }
  throw new AppError('download_failed', { cause: failure })
}

async function connect(hostname: string, port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  const connecting = Deno.connect({ hostname, port })
  try {
    return await abortable(connecting, signal)
  } catch (error) {
    // Given up while it was still connecting: whatever comes of it is closed.
    connecting.then(closeQuietly, () => undefined)
    throw error
  }
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close()
  } catch (error) {
    // startTls takes the socket over, after which there is nothing left to close.
    if (!(error instanceof Deno.errors.BadResource)) throw error
  }
}
