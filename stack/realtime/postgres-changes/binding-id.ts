/** The number by which a join's reply and its changes name a binding: a hash of what the client wrote. */

const BITS = 27

export function bindingId(binding: unknown): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(canonical(binding))) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> (32 - BITS)
}

/** JSON with the keys in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
