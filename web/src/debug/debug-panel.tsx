/**
 * What the connection does, for developers: the state machine with the present state, the changes that led to it, the
 * last frames of the socket, the client's cursor and the head of the table.
 */

import './debug-panel.css'
import type { ReadonlySignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { ConnectionFacts, StateChanges } from './connection-facts.tsx'
import type { DebugStore } from './debug-store.ts'
import { FrameList } from './frame-list.tsx'
import { StateDiagram } from './state-diagram.tsx'

/** Milliseconds between two looks at the client's state. */
const TICK = 1_000

export interface DebugPanelProps {
  store: DebugStore
  /** A panel that is closed stays in the page, hidden, with the payloads that were opened. */
  isOpen: ReadonlySignal<boolean>
  close(): void
}

export function DebugPanel({ store, close, ...props }: DebugPanelProps) {
  const isOpen = props.isOpen.value
  const { client } = store
  const [state, changes] = [store.state.value, store.changes.value]
  const panel = useRef<HTMLElement>(null)

  useLayoutEffect(() => {
    if (!isOpen) return
    store.readState()
    void store.readHead()
    panel.current?.focus()
    const ticker = setInterval(() => store.readState(), TICK)
    return () => clearInterval(ticker)
  }, [store, isOpen])

  const actions: readonly [label: string, run: () => void][] = [
    ['Ping', () => client.ping()],
    ['Read head', () => void store.readHead()],
    ['Retry now', () => client.retryNow()],
    ['Clear', () => store.clearFrames()],
    ['Copy as JSON', () => void store.copy((text) => navigator.clipboard.writeText(text))],
    ['Close', close],
  ]
  return (
    <section
      ref={panel}
      class="cw-debug"
      aria-label="Debug panel"
      tabIndex={-1}
      hidden={!isOpen}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.preventDefault()
        close()
      }}
    >
      <div class="cw-debug__head">
        <h2>Debug</h2>
        <span class="cw-debug__notice" role="status">
          {store.notice.value}
        </span>
        {actions.map(([label, run]) => (
          <button key={label} type="button" class="cw-debug__button" onClick={run}>
            {label}
          </button>
        ))}
      </div>
      <div class="cw-debug__body">
        <div class="cw-debug__side">
          <StateDiagram state={state.state} lastChange={changes[0] ?? null} />
          <ConnectionFacts state={state} head={store.head.value} />
          <StateChanges changes={changes} />
        </div>
        <FrameList frames={store.frames.value} />
      </div>
    </section>
  )
}
