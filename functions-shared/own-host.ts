/**
 * Whether a request's Host header names the server that received the request. A page of an attacker can point a DNS name
 * of its own at 127.0.0.1 (DNS rebinding) and then reads answers as its own origin; the Host header still has the
 * attacker's name.
 */

/** Names that every server which listens on loopback has. */
const LOOPBACK: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

/** RFC 9110: an IPv6 address in brackets, or a name or IPv4 address; then perhaps a port. */
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i

export type HostVerdict = 'own' | 'malformed' | 'foreign'

/**
 * @param header the Host header; undefined where the request has none, or more than one.
 * @param localAddress the address at which the connection arrived, as the socket says. A page cannot rebind an address.
 * @param names further names of the server, without a port.
 */
export function judgeHost(
  header: string | undefined,
  localAddress: string | undefined,
  names: readonly string[] = [],
): HostVerdict {
  const [, host, port = '0'] = HOST.exec(header ?? '') ?? []
  if (host === undefined || Number(port) > 65_535) return 'malformed'
  const name = host.toLowerCase().replace(/\.$/, '')
  const own = [...LOOPBACK, ...names.map((other) => other.toLowerCase()), ...forms(localAddress)]
  return own.includes(name) ? 'own' : 'foreign'
}

/** An address as a Host header has it; sockets that serve both families write IPv4 as `::ffff:127.0.0.1`. */
function forms(address = ''): string[] {
  return [address.replace(/^::ffff:/i, ''), `[${address.toLowerCase()}]`]
}
