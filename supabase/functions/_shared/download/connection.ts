/**
 * TCP and TLS connections to checked addresses. A name is resolved once, each of its addresses is checked, and the
 * connection goes to one of them. There is no second look-up, which an attacker's name server could answer with another
 * address ("DNS rebinding").
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

/** Names of this machine and of its network. They are refused without asking a resolver. */
const LOCAL_NAME = /^(?:localhost|(?:.+\.)?(?:localhost|local|internal|home\.arpa))\.?$/
/** Addresses of one name that are tried. */
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

/** Whether a URL's host is a private address or a local name. No resolver is asked. */
export function isPrivateHost(host: string): boolean {
  return isIpLiteral(host) ? !isPublicAddress(host) : LOCAL_NAME.test(host)
}

/** The address itself, or all addresses of the name. One private address among them refuses the name. */
async function findAddresses(host: string, trusted: boolean, options: ConnectOptions): Promise<string[]> {
  const bare = host.replace(/^\[|\]$/g, '')
  // A trusted name, such as localhost, may be known to the system's own resolver only.
  if (trusted) return options.resolve === undefined ? [bare] : await options.resolve(bare)
  if (isPrivateHost(host)) throw new AppError('private_address')
  if (isIpLiteral(host)) return [bare]
  const resolve = options.resolve ?? resolveName
  const addresses = await abortable(resolve(bare), options.signal)
  if (addresses.length === 0) throw new AppError('download_not_found')
  if (!addresses.every(isPublicAddress)) throw new AppError('private_address')
  return addresses
}

/** IPv4 addresses come first, because some networks that run functions have no IPv6. */
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
    // The attempt goes on after the abort. Its connection is closed once it is there.
    connecting.then(closeQuietly, () => undefined)
    throw error
  }
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close()
  } catch (error) {
    // startTls has taken over the socket, and closes it itself.
    if (!(error instanceof Deno.errors.BadResource)) throw error
  }
}
