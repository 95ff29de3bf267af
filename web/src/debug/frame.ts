/** One frame of the socket as the debug panel shows it. Pure. */

export interface Frame {
  /** Rises with every frame. */
  number: number
  /** Milliseconds since the epoch. */
  at: number
  /** `note`: an event of the socket itself, such as its opening. */
  direction: 'out' | 'in' | 'note'
  topic: string
  event: string
  /** Characters of the payload as JSON. */
  size: number
  payload: unknown
}

/** `ok realtime:user:1 phx_reply (4)`: an answer's status, topic, event and numbers. */
const FRAME_TEXT = /^(?:(\w+) )?(\S+) (\S+?)(?: \([^)]*\))?$/

export function toFrame(number: number, at: number, kind: string, text: string, data: unknown): Frame {
  const payload = redact(data)
  const size = JSON.stringify(payload)?.length ?? 0
  const direction = kind === 'push' ? 'out' : kind === 'receive' ? 'in' : 'note'
  const [, status, topic, event] = direction === 'note' ? [] : (FRAME_TEXT.exec(text) ?? [])
  if (topic === undefined || event === undefined)
    return { number, at, direction, topic: kind, event: text, size, payload }
  const inner = event === 'broadcast' ? broadcastEvent(data) : (status ?? null)
  return {
    number,
    at,
    direction,
    topic: topic.replace(/^realtime:/, ''),
    event: inner === null ? event : `${event} ${inner}`,
    size,
    payload,
  }
}

const SECRET_NAMES = /token|apikey|authorization|secret|password/i
const SECRET_PARAMETERS = /([?&](?:token|apikey)=)[^&"\s]+/gi
const JWT = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g
const DEEPEST = 8

/** Leaves tokens and keys out, so that the result can go into a bug report. Objects of classes become their names. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(SECRET_PARAMETERS, '$1…').replace(JWT, '…')
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEEPEST) return '…'
  if (Array.isArray(value)) return value.map((each) => redact(each, depth + 1))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor.name}]`
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      SECRET_NAMES.test(name) && typeof each === 'string' ? '…' : redact(each, depth + 1),
    ]),
  )
}

function broadcastEvent(data: unknown): string | null {
  return typeof data === 'object' && data !== null && 'event' in data ? String(data.event) : null
}
