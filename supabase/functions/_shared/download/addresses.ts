/**
 * The IP addresses that a download may connect to: public ones. This machine, private networks, link-local addresses
 * with the cloud's metadata service, carrier-grade NAT, multicast and documentation addresses are refused.
 */

import ipaddr from 'ipaddr.js'

/** The addresses that are routed over the public internet. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')
/** NAT64 (RFC 6052): a resolver in an IPv6-only network writes an IPv4 address into the last four bytes. */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96')

/**
 * @param address as the URL parser or a resolver writes an IP address: `127.0.0.1`, `::1`, `[::1]`, `fe80::1%eth0`.
 * The URL parser turns `0x7f.1`, `2130706433` and the like into `127.0.0.1`.
 * @returns false also for text that is no IP address.
 */
export function isPublicAddress(address: string): boolean {
  const parsed = parse(address)
  if (parsed === null) return false
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast'
  if (parsed.match(NAT64)) return new ipaddr.IPv4(parsed.toByteArray().slice(12)).range() === 'unicast'
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_IPV6)
}

/** Whether the host of a URL is an IP address and not a name. */
export function isIpLiteral(host: string): boolean {
  return parse(host) !== null
}

/** An IPv4 address inside an IPv6 address (`::ffff:10.0.0.1`) is given as IPv4. Null for text that is no address. */
function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const bare = text.replace(/^\[|\]$/g, '')
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare)
  return isAddress ? ipaddr.process(bare) : null
}
