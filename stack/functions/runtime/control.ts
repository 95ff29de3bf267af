/** Messages between a function's process and its host. Runs under Node and Deno. */

/** First line of the process's standard input. */
export interface BootConfig {
  /** File URL of the function's module. */
  entry: string
  /** Marks control messages, so that no output of the function is taken for one by accident. */
  nonce: string
}

export type ControlMessage =
  /** Serving on 127.0.0.1. */
  | { event: 'ready'; port: number }
  /** Whether promises given to `EdgeRuntime.waitUntil` are pending. */
  | { event: 'background'; busy: boolean }

const MARK = '\u001e'

export function encodeControl(nonce: string, message: ControlMessage): string {
  return `${MARK}${nonce}${JSON.stringify(message)}${MARK}\n`
}

/**
 * Takes the control messages out of a line of output. Text of the function that ended without a line break may stand before
 * them.
 */
export function splitControl(nonce: string, line: string): { text: string; messages: ControlMessage[] } {
  const messages: ControlMessage[] = []
  let text = ''
  for (const [index, part] of line.split(MARK).entries()) {
    const message = index % 2 === 1 && part.startsWith(nonce) ? parse(part.slice(nonce.length)) : undefined
    if (message === undefined) text += part
    else messages.push(message)
  }
  return { text, messages }
}

/** A function can write anything, the mark too. What is no message is the function's output. */
function parse(json: string): ControlMessage | undefined {
  const value = parseJson(json)
  if (typeof value !== 'object' || value === null || !('event' in value)) return undefined
  if (value.event === 'ready' && 'port' in value && typeof value.port === 'number') {
    return { event: 'ready', port: value.port }
  }
  if (value.event === 'background' && 'busy' in value && typeof value.busy === 'boolean') {
    return { event: 'background', busy: value.busy }
  }
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
