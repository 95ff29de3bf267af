/** Number of a binding in the reply to the join and in changes: a hash of the binding as the client wrote it. */

const BITS = 27

export function bindingId(binding: unknown): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(canonical(binding))) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> (32 - BITS)
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
