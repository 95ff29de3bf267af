/** What the indicator tells those who look closer. Pure. */

import type { ClientState } from '../client/index.ts'
import { plural } from '../shared/format.ts'

export interface Surroundings {
  /** Milliseconds of the clock when the last message came; null before the first. */
  lastEventAt: number | null
  /** Tabs that share the connection; null where that is not known. */
  tabs: number | null
}

export type Fact = readonly [name: string, value: string]

export function connectionFacts(
  state: Pick<ClientState, 'latencyMs' | 'lastSeq' | 'retryAt' | 'reconnectAttempts' | 'isConnected'>,
  { lastEventAt, tabs }: Surroundings,
  now: number,
): Fact[] {
  const facts: (Fact | null)[] = [
    // Of a connection that is gone it says nothing any more.
    state.isConnected
      ? ['Round trip', state.latencyMs === null ? 'not measured yet' : `${state.latencyMs} ms`]
      : null,
    ['Last event', lastEventAt === null ? 'none so far' : ago(now - lastEventAt)],
    ['Up to message', String(state.lastSeq)],
    state.isConnected || state.retryAt === null ? null : ['Next try', until(state.retryAt - now)],
    state.isConnected || state.reconnectAttempts === 0
      ? null
      : ['Tries so far', String(state.reconnectAttempts)],
    tabs === null ? null : ['Shared by', plural(tabs, 'tab')],
  ]
  return facts.filter((fact) => fact !== null)
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  return seconds < 3_600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3_600)} h ago`
}

function until(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return seconds <= 0 ? 'now' : `in ${seconds} s`
}
