/**
 * Runs inside Deno: imports one function and serves it on a loopback port.
 *
 *   stdin   first line: BootConfig as JSON. When stdin ends, the host has ended, and this process ends
 *   stdout  the function's own output and, marked with the nonce, one ControlMessage per line
 *
 * Serves `export default { fetch }`, and functions that call `Deno.serve`.
 */

import { type BootConfig, type ControlMessage, encodeControl } from './control.ts'

type Handler = (request: Request) => Response | Promise<Response>

/** The part of Deno that this file uses; the rest of the repository is compiled for Node. */
declare const Deno: {
  stdin: { readable: ReadableStream<Uint8Array> }
  stdout: { writeSync(bytes: Uint8Array): number }
  exit(code: number): never
  serve: (
    options: { hostname: string; port: number; onListen: (address: { port: number }) => void },
    handler: Handler,
  ) => { finished: Promise<void> }
}

const encoder = new TextEncoder()
const { lines, firstLine } = readInput()
void lines.then(() => Deno.exit(0))
const config: BootConfig = JSON.parse(await firstLine)

const background = new Set<Promise<unknown>>()
Object.defineProperty(globalThis, 'EdgeRuntime', { value: { waitUntil }, enumerable: true })

const serve = Deno.serve
let captured: Handler | undefined
Object.defineProperty(Deno, 'serve', { value: captureServe, configurable: true })

const module: unknown = await import(config.entry)
const handler = handlerOf(module) ?? captured
if (handler === undefined) {
  console.error('The function has no default export with a fetch method.')
  Deno.exit(1)
}

serve(
  { hostname: '127.0.0.1', port: 0, onListen: ({ port }) => tell({ event: 'ready', port }) },
  async (request) => {
    try {
      return await handler(request)
    } catch (error) {
      console.error(error)
      return Response.json(
        { code: 'WORKER_ERROR', message: 'Function exited due to an error (please check logs)' },
        { status: 500 },
      )
    }
  },
)

function handlerOf(imported: unknown): Handler | undefined {
  if (typeof imported !== 'object' || imported === null || !('default' in imported)) return undefined
  const entry = imported.default
  if (typeof entry !== 'object' || entry === null || !('fetch' in entry)) return undefined
  const { fetch } = entry
  return typeof fetch === 'function' ? (request) => fetch.call(entry, request) : undefined
}

/** Stands in for `Deno.serve`: keeps the handler, which the server of this module calls. */
function captureServe(...given: unknown[]): { finished: Promise<void>; shutdown: () => Promise<void> } {
  for (const argument of given) {
    const candidate =
      typeof argument === 'object' && argument !== null && 'handler' in argument ? argument.handler : argument
    if (typeof candidate === 'function') captured = (request) => candidate(request)
  }
  return { finished: new Promise(() => undefined), shutdown: () => Promise.resolve() }
}

/** Work that goes on after the response. The host keeps this process until the promise has settled. */
function waitUntil(promise: Promise<unknown>): Promise<unknown> {
  const settled = Promise.resolve(promise)
    .catch((error: unknown) => console.error(error))
    .finally(() => {
      background.delete(settled)
      if (background.size === 0) tell({ event: 'background', busy: false })
    })
  background.add(settled)
  if (background.size === 1) tell({ event: 'background', busy: true })
  return promise
}

function tell(message: ControlMessage): void {
  Deno.stdout.writeSync(encoder.encode(encodeControl(config.nonce, message)))
}

function readInput(): { firstLine: Promise<string>; lines: Promise<void> } {
  const first = Promise.withResolvers<string>()
  const read = async (): Promise<void> => {
    let text = ''
    for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) first.resolve(text.slice(0, end))
    }
  }
  return { firstLine: first.promise, lines: read() }
}
