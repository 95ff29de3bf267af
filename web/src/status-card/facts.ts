/** The connection's details in words. Pure. */

import type { ClientState } from '../client/index.ts'
import { plural } from '../shared/format.ts'
import type { CardContent } from './card-store.ts'

export type Fact = readonly [name: string, value: string]

export function connectionFacts(
  state: Pick<ClientState, 'latencyMs' | 'lastSeq' | 'retryAt' | 'reconnectAttempts' | 'isConnected'>,
  { lastEventAt, tabs, now }: Omit<CardContent, 'client'>,
): Fact[] {
  const facts: (Fact | null)[] = [
    // The round trip of a connection that was lost says nothing.
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
