/**
 * What the connection does, for developers: the state machine with the present state, the way it came, the last frames
 * of the socket, the place in the sequence and the head of the table. Everything can be copied as JSON; tokens are left
 * out of all of it.
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { tapFrames } from '../client/frame-tap.ts'
import type { ConnectionStateName, DashboardWebSocketClient, StateEvent } from '../client/index.ts'
import { h, reconcile, setText } from '../shared/dom.ts'
import { clockTime } from '../shared/format.ts'
import { redact } from './frame.ts'
import { createFrameList } from './frame-list.ts'
import { createStateDiagram } from './state-diagram.ts'

export interface DebugPanelOptions {
  client: Pick<DashboardWebSocketClient, 'getState' | 'on' | 'ping' | 'retryNow'>
  supabase: Pick<SupabaseClient, 'realtime' | 'rpc'>
  /** Default `document.body`. */
  parent?: HTMLElement
}

export interface DebugPanel {
  readonly isOpen: boolean
  toggle(): void
  destroy(): void
}

interface Change {
  number: number
  at: number
  old: ConnectionStateName
  new: ConnectionStateName
  reason: string
}

/** Changes of state that are kept. */
const LARGEST_COUNT = 50

/** Milliseconds between two looks at the numbers while the panel is open. */
const TICK = 1_000

export function createDebugPanel({
  client,
  supabase,
  parent = document.body,
}: DebugPanelOptions): DebugPanel {
  const diagram = createStateDiagram()
  const frames = createFrameList()
  const canTap = tapFrames(supabase.realtime, frames.add)
  let changes: readonly Change[] = []
  let counter = 0
  let head = 'not read yet'
  let ticker: ReturnType<typeof setInterval> | undefined
  let focusBefore: Element | null = null

  const facts = h('dl', { class: 'cw-debug__facts' })
  const log = h('ol', { class: 'cw-debug__changes' })
  const said = h('span', { class: 'cw-debug__said', attrs: { role: 'status' } })
  const button = (text: string, run: () => void) =>
    h('button', { class: 'cw-debug__button', attrs: { type: 'button' }, on: { click: run } }, text)
  const element = h(
    'section',
    { class: 'cw-debug', attrs: { 'aria-label': 'Debug panel', tabindex: -1, hidden: true } },
    h(
      'div',
      { class: 'cw-debug__head' },
      h('h2', {}, 'Debug'),
      said,
      button('Ping', () => client.ping()),
      button('Read head', () => void readHead()),
      button('Retry now', () => client.retryNow()),
      button('Clear', () => frames.clear()),
      button('Copy as JSON', () => void copy()),
      button('Close', close),
    ),
    h(
      'div',
      { class: 'cw-debug__body' },
      h('div', { class: 'cw-debug__side' }, diagram.element, facts, h('h3', {}, 'Changes of state'), log),
      frames.element,
    ),
  )
  if (!canTap) setText(said, 'This version of supabase-js does not show its frames.')

  function update(): void {
    if (element.hidden) return
    const state = client.getState()
    const last = changes[0]
    diagram.update(state.state, last === undefined ? null : { from: last.old, to: last.new })
    const shown: [string, string][] = [
      ['seq', String(state.lastSeq)],
      ['head', head],
      ['reason', state.reason ?? '–'],
      ['round trip', state.latencyMs === null ? '–' : `${state.latencyMs} ms`],
      ['unread, unseen', `${state.unreadCount ?? '–'}, ${state.unseenCount ?? '–'}`],
      ['attempts', String(state.reconnectAttempts)],
      [
        'next try',
        state.retryAt === null ? '–' : `${Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000))} s`,
      ],
      ['recovered', state.recovered ? 'yes' : 'no'],
      ['user', state.userId ?? '–'],
    ]
    reconcile(facts, shown, {
      key: ([name]) => name,
      create: ([name]) => h('div', {}, h('dt', {}, name), h('dd', {})),
      update: (line, [, value]) => {
        const target = line.querySelector('dd')
        if (target !== null) setText(target, value)
      },
    })
    reconcile(log, changes, {
      key: ({ number }) => String(number),
      create: ({ at, old, new: next, reason }) =>
        h(
          'li',
          {},
          h('time', {}, clockTime(new Date(at).toISOString())),
          ` ${old} → ${next} `,
          h('code', {}, reason),
        ),
    })
  }

  function remember({ old, new: next, reason }: StateEvent): void {
    counter += 1
    changes = [{ number: counter, at: Date.now(), old, new: next, reason }, ...changes].slice(
      0,
      LARGEST_COUNT,
    )
    update()
  }

  async function readHead(): Promise<void> {
    const { data, error } = await supabase.rpc('notification_head')
    const row: unknown = Array.isArray(data) ? data[0] : data
    const seq = typeof row === 'object' && row !== null && 'seq' in row ? String(row.seq) : '–'
    head = error === null ? seq : `could not be read: ${error.message}`
    update()
  }

  async function copy(): Promise<void> {
    const text = JSON.stringify(
      redact({ state: client.getState(), head, changes, frames: frames.frames }),
      null,
      2,
    )
    try {
      await navigator.clipboard.writeText(text)
      setText(said, 'Copied.')
    } catch {
      setText(said, 'The browser did not allow copying.')
    }
  }

  function open(): void {
    focusBefore = document.activeElement
    element.hidden = false
    ticker = setInterval(update, TICK)
    update()
    void readHead()
    element.focus()
  }

  function close(): void {
    clearInterval(ticker)
    const hadFocus = element.contains(document.activeElement)
    element.hidden = true
    if (hadFocus && focusBefore instanceof HTMLElement) focusBefore.focus()
  }

  const stops = [client.on('state', remember), client.on('pong', update), client.on('message', update)]
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return
    event.preventDefault()
    close()
  })
  parent.append(element)

  return {
    get isOpen() {
      return !element.hidden
    },
    toggle: () => (element.hidden ? open() : close()),
    destroy() {
      close()
      frames.destroy()
      for (const stop of stops) stop()
      element.remove()
    },
  }
}
