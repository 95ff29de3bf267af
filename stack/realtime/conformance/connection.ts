/** One connection of a replay: the events that the recording expects, and those that came. */

import { WebSocket } from 'ws'
import { type ConnectionEvent, laneOf } from './lanes.ts'
import type { RecordedFrame } from './recording.ts'

export class ReplayConnection {
  readonly name: string
  readonly expected = new Map<string, ConnectionEvent[]>()
  readonly actual = new Map<string, ConnectionEvent[]>()
  readonly #onChange: () => void
  #ws: WebSocket | undefined

  constructor(name: string, onChange: () => void) {
    this.name = name
    this.#onChange = onChange
  }

  expect(event: ConnectionEvent): void {
    add(this.expected, event)
  }

  /** Whether as many events have come as are expected so far. */
  get complete(): boolean {
    for (const [lane, events] of this.expected) {
      if ((this.actual.get(lane)?.length ?? 0) < events.length) return false
    }
    return true
  }

  open(url: string, headers: Record<string, string>): void {
    const ws = new WebSocket(url, { headers, perMessageDeflate: false })
    this.#ws = ws
    ws.on('open', () => this.#came({ kind: 'open' }))
    ws.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const contentType = response.headers['content-type']
        this.#came({ kind: 'refused', status: response.statusCode ?? 0, body, contentType })
        // The recording client noted a socket that never opened like this.
        this.#came({ kind: 'close', code: 1006, reason: '' })
        ws.terminate()
      })
    })
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      const frame: RecordedFrame = isBinary
        ? { kind: 'binary', data }
        : { kind: 'text', text: data.toString() }
      this.#came({ kind: 'frame', frame })
    })
    let refused = false
    ws.on('unexpected-response', () => {
      refused = true
    })
    ws.on('close', (code, reason) => {
      if (!refused) this.#came({ kind: 'close', code, reason: reason.toString() })
    })
    // The close event follows.
    ws.on('error', () => undefined)
  }

  send(frame: RecordedFrame): void {
    if (this.#ws?.readyState !== WebSocket.OPEN) return
    this.#ws.send(frame.kind === 'text' ? frame.text : frame.data)
  }

  close(): void {
    this.#ws?.close()
  }

  terminate(): void {
    this.#ws?.terminate()
  }

  #came(event: ConnectionEvent): void {
    add(this.actual, event)
    this.#onChange()
  }
}

function add(lanes: Map<string, ConnectionEvent[]>, event: ConnectionEvent): void {
  const lane = laneOf(event)
  const events = lanes.get(lane)
  if (events) events.push(event)
  else lanes.set(lane, [event])
}
