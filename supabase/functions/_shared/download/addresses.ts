/**
 * Which IP addresses a stranger's link may lead to: public ones only. Everything else (this machine, private
 * networks, link-local with the cloud's metadata service, carrier-grade NAT, multicast, documentation, ...) is
 * refused. Ranges: IANA's special-purpose registries for IPv4 and IPv6.
 */

/** Prefixes of addresses that are not reachable over the public internet, as [address, bits]. */
const NOT_PUBLIC_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Inside the globally routed 2000::/3, yet not for the public. */
const NOT_PUBLIC_V6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
]

/** Forms of IPv6 that carry an IPv4 address: [prefix, bits, index of the group where the IPv4 part starts]. */
const EMBEDDED_V4: readonly (readonly [string, number, number])[] = [
  ['::ffff:0:0', 96, 6], // IPv4-mapped
  ['::ffff:0:0:0', 96, 6], // IPv4-translated
  ['64:ff9b::', 96, 6], // NAT64
  ['2002::', 16, 1], // 6to4
]

/**
 * @param address an IP address in any form the URL parser or a resolver gives: `127.0.0.1`, `::1`, `[::1]`,
 * `fe80::1%eth0`. (The URL parser turns `0x7f.1`, `2130706433` and the like into `127.0.0.1`.)
 * @returns false also for what is not an IP address at all.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const v4 = parseV4(bare)
  if (v4 !== null) return isPublicV4(v4)
  const v6 = parseV6(bare)
  return v6 !== null && isPublicV6(v6)
}

/** Whether the host of a URL is an IP address rather than a name. */
export function isIpLiteral(host: string): boolean {
  return host.startsWith('[') || parseV4(host) !== null || parseV6(host) !== null
}

function isPublicV4(address: number): boolean {
  return !NOT_PUBLIC_V4.some(([prefix, bits]) => {
    const network = parseV4(prefix)
    return network !== null && address >>> (32 - bits) === network >>> (32 - bits)
  })
}

function isPublicV6(groups: readonly number[]): boolean {
  for (const [prefix, bits, at] of EMBEDDED_V4) {
    if (hasPrefix(groups, prefix, bits)) {
      return isPublicV4((((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0)
    }
  }
  // Only 2000::/3 is routed globally: loopback, unique local, link-local and multicast are all outside.
  return (
    hasPrefix(groups, '2000::', 3) && !NOT_PUBLIC_V6.some(([prefix, bits]) => hasPrefix(groups, prefix, bits))
  )
}

function hasPrefix(groups: readonly number[], prefix: string, bits: number): boolean {
  const network = parseV6(prefix)
  if (network === null) return false
  return network.every((group, index) => {
    const taken = Math.max(0, Math.min(16, bits - index * 16))
    const mask = (0xffff << (16 - taken)) & 0xffff
    return ((groups[index] ?? 0) & mask) === (group & mask)
  })
}

function parseV4(text: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return null
  return parts.reduce((address, part) => ((address << 8) | part) >>> 0, 0)
}

/** Eight groups of 16 bits. */
function parseV6(text: string): number[] | null {
  const [head, tail, ...rest] = text.split('::')
  if (head === undefined || rest.length > 0) return null
  const first = parseGroups(head)
  if (first === null) return null
  if (tail === undefined) return first.length === 8 ? first : null
  const last = parseGroups(tail)
  if (last === null || first.length + last.length > 7) return null
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last]
}

function parseGroups(text: string): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? parseV4(part) : null
    if (v4 !== null) groups.push(v4 >>> 16, v4 & 0xffff)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return null
  }
  return groups
}
