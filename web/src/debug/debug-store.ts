/** What the debug panel shows: the client's state, how the connection came there, and the last frames of the socket. */

import { type Signal, signal } from '@preact/signals'
import type { SupabaseClient } from '@supabase/supabase-js'
import { tapFrames } from '../client/frame-tap.ts'
import type { ClientState, ConnectionStateName, DashboardWebSocketClient } from '../client/index.ts'
import { type Frame, redact, toFrame } from './frame.ts'

export type DebugClient = Pick<DashboardWebSocketClient, 'getState' | 'on' | 'ping' | 'retryNow'>
export type DebugSupabase = Pick<SupabaseClient, 'realtime' | 'rpc'>

export interface StateChange {
  /** Rises with every change. */
  number: number
  /** Milliseconds since the epoch. */
  at: number
  old: ConnectionStateName
  new: ConnectionStateName
  reason: string
}

const LARGEST_FRAME_COUNT = 100
const LARGEST_CHANGE_COUNT = 50

export class DebugStore {
  readonly client: DebugClient
  readonly #supabase: DebugSupabase
  readonly #stops: (() => void)[]
  #number = 0
  readonly state: Signal<ClientState>
  /** Newest first. */
  readonly frames = signal<readonly Frame[]>([])
  /** Newest first. */
  readonly changes = signal<readonly StateChange[]>([])
  /** The highest `seq` in the table, or why it could not be read. */
  readonly head = signal('not read yet')
  /** The result of the last action; empty before the first. */
  readonly notice = signal('')

  constructor(client: DebugClient, supabase: DebugSupabase) {
    this.client = client
    this.#supabase = supabase
    this.state = signal(client.getState())
    const canTap = tapFrames(supabase.realtime, (kind, text, data) => {
      const frame = toFrame(this.#next(), Date.now(), kind, text, data)
      this.frames.value = [frame, ...this.frames.value].slice(0, LARGEST_FRAME_COUNT)
    })
    if (!canTap) this.notice.value = 'This version of supabase-js does not show its frames.'
    this.#stops = [
      client.on('state', ({ old, new: next, reason }) => {
        const change = { number: this.#next(), at: Date.now(), old, new: next, reason }
        this.changes.value = [change, ...this.changes.value].slice(0, LARGEST_CHANGE_COUNT)
        this.readState()
      }),
      client.on('pong', () => this.readState()),
      client.on('message', () => this.readState()),
    ]
  }

  /** The counts and the time of the next try change without an event. */
  readState(): void {
    this.state.value = this.client.getState()
  }

  async readHead(): Promise<void> {
    const { data, error } = await this.#supabase.rpc('notification_head')
    const row: unknown = Array.isArray(data) ? data[0] : data
    const seq = typeof row === 'object' && row !== null && 'seq' in row ? String(row.seq) : '–'
    this.head.value = error === null ? seq : `could not be read: ${error.message}`
  }

  clearFrames(): void {
    this.frames.value = []
  }

  /** @param write puts text on the clipboard. */
  async copy(write: (text: string) => Promise<void>): Promise<void> {
    const [head, changes, frames] = [this.head.value, this.changes.value, this.frames.value]
    const text = JSON.stringify(redact({ state: this.client.getState(), head, changes, frames }), null, 2)
    try {
      await write(text)
      this.notice.value = 'Copied.'
    } catch {
      this.notice.value = 'The browser did not allow copying.'
    }
  }

  close(): void {
    for (const stop of this.#stops) stop()
  }

  #next(): number {
    this.#number += 1
    return this.#number
  }
}
