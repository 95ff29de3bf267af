/** The client's state in figures, and the changes of state that led to it. */

import './connection-facts.css'
import type { ClientState } from '../client/index.ts'
import { clockTime } from '../shared/format.ts'
import type { StateChange } from './debug-store.ts'

export function ConnectionFacts({ state, head }: { state: ClientState; head: string }) {
  const { latencyMs, retryAt } = state
  const facts = {
    seq: state.lastSeq,
    head,
    reason: state.reason ?? '–',
    'round trip': latencyMs === null ? '–' : `${latencyMs} ms`,
    'unread, unseen': `${state.unreadCount ?? '–'}, ${state.unseenCount ?? '–'}`,
    attempts: state.reconnectAttempts,
    'next try': retryAt === null ? '–' : `${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`,
    recovered: state.recovered ? 'yes' : 'no',
    user: state.userId ?? '–',
  }
  return (
    <dl class="cw-debug__facts">
      {Object.entries(facts).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

export function StateChanges({ changes }: { changes: readonly StateChange[] }) {
  return (
    <>
      <h3>Changes of state</h3>
      <ol class="cw-debug__changes">
        {changes.map((change) => (
          <li key={change.number}>
            <time>{clockTime(new Date(change.at).toISOString())}</time> {change.old} → {change.new}{' '}
            <code>{change.reason}</code>
          </li>
        ))}
      </ol>
    </>
  )
}
