/**
 * The card with the details of the connection: by hovering, by the focus, and by a tap or click, which keep it open.
 *
 *   closed ── hover (after a moment), focus ──> shown ── click ──> kept
 *     ^                                           │                 │
 *     └── pointer and focus elsewhere, Escape ────┘    Escape, a click elsewhere, a second click
 */

import type { DashboardWebSocketClient } from '../client/index.ts'
import { h, reconcile, setText } from '../shared/dom.ts'
import { hideFromTop, placeBelow, showOnTop } from '../shared/place.ts'
import { connectionFacts } from './facts.ts'
import { present } from './presentation.ts'
import { countTabs } from './tab-count.ts'

/** What the indicator gives the card. */
export interface DetailsContext {
  /** The indicator's label. */
  label: HTMLElement
  clock: () => number
  /** The card has opened or closed. */
  toggled(): void
}

export type CreateDetails = (context: DetailsContext) => Details

export interface Details {
  /** The label with a button over it, and the card. */
  elements: readonly HTMLElement[]
  readonly isOpen: boolean
  update(): void
  destroy(): void
}

/** Milliseconds of hovering until the card opens, and of being elsewhere until it closes. */
const OPEN_AFTER = 120
const CLOSE_AFTER = 220

/** Milliseconds between two looks at the clock while the card is open. */
const TICK = 1_000

/** For the indicator's option `details`; a part of its own, since not every page has room for it. */
export function createStatusDetails(
  client: Pick<DashboardWebSocketClient, 'getState' | 'on' | 'retryNow' | 'ping'>,
): CreateDetails {
  return (context) => createDetails(client, context)
}

function createDetails(
  client: Parameters<typeof createStatusDetails>[0],
  { label, clock, toggled }: DetailsContext,
): Details {
  const stop = new AbortController()
  const listen = { signal: stop.signal }
  let mode: 'closed' | 'shown' | 'kept' = 'closed'
  let lastEventAt: number | null = null
  let tabs: number | null = null
  let hoverTimer: ReturnType<typeof setTimeout> | undefined
  let ticker: ReturnType<typeof setInterval> | undefined

  const title = h('p', { class: 'cw-status-card__title' })
  const detail = h('p', { class: 'cw-status-card__detail' })
  const facts = h('dl', { class: 'cw-status-card__facts' })
  const retry = h(
    'button',
    { class: 'cw-status__retry', attrs: { type: 'button' }, on: { click: () => client.retryNow() } },
    'Retry now',
  )
  const card = h(
    'div',
    { class: 'cw-status-card', attrs: { role: 'group', 'aria-label': 'Connection', hidden: true } },
    title,
    detail,
    facts,
    retry,
  )
  const button = h('button', {
    class: 'cw-status__more',
    attrs: { type: 'button', 'aria-label': 'Connection details', 'aria-expanded': 'false' },
    on: { click: () => become(mode === 'kept' ? 'closed' : 'kept') },
  })

  const anchor = h('span', { class: 'cw-status__pill' }, label, button)

  function become(next: typeof mode): void {
    clearTimeout(hoverTimer)
    const wasOpen = mode !== 'closed'
    mode = next
    const isOpen = mode !== 'closed'
    button.setAttribute('aria-expanded', String(isOpen))
    if (isOpen === wasOpen) return
    if (!isOpen) {
      clearInterval(ticker)
      hideFromTop(card)
      toggled()
      return
    }
    showOnTop(card)
    placeBelow(card, anchor)
    ticker = setInterval(update, TICK)
    client.ping()
    void count()
    toggled()
  }

  async function count(): Promise<void> {
    const { userId } = client.getState()
    tabs = userId === null ? null : await countTabs(userId)
    update()
  }

  function update(): void {
    if (mode === 'closed') return
    // One look for all that the card says, so that no part of it is older than another.
    const [state, now] = [client.getState(), clock()]
    // The round trip is among the facts.
    const shown = present({ ...state, latencyMs: null }, now)
    card.dataset.tone = shown.tone
    setText(title, `${shown.symbol} ${shown.label}`)
    setText(detail, shown.detail)
    reconcile(facts, connectionFacts(state, { lastEventAt, tabs }, now), {
      key: ([name]) => name,
      create: ([name]) => h('div', {}, h('dt', {}, name), h('dd', {})),
      update: (element, [, value]) => {
        const target = element.querySelector('dd')
        if (target !== null) setText(target, value)
      },
    })
    retry.hidden = !shown.canRetry
  }

  function hover(on: boolean): void {
    clearTimeout(hoverTimer)
    if (on && mode === 'closed') hoverTimer = setTimeout(() => become('shown'), OPEN_AFTER)
    if (!on && mode === 'shown') hoverTimer = setTimeout(() => become('closed'), CLOSE_AFTER)
  }

  for (const each of [anchor, card]) {
    each.addEventListener('pointerenter', ({ pointerType }) => hover(pointerType !== 'touch'), listen)
    each.addEventListener(
      'pointerleave',
      ({ pointerType }) => pointerType !== 'touch' && hover(false),
      listen,
    )
  }
  button.addEventListener(
    'focus',
    () => {
      if (button.matches(':focus-visible') && mode === 'closed') become('shown')
    },
    listen,
  )
  const parts: readonly HTMLElement[] = [button, card]
  for (const each of parts) {
    each.addEventListener(
      'focusout',
      ({ relatedTarget }) => {
        const stays =
          relatedTarget instanceof Node && (card.contains(relatedTarget) || relatedTarget === button)
        if (mode === 'shown' && !stays) become('closed')
      },
      listen,
    )
  }
  document.addEventListener(
    'pointerdown',
    ({ target }) => {
      if (mode === 'closed' || !(target instanceof Node)) return
      if (!anchor.contains(target) && !card.contains(target)) become('closed')
    },
    listen,
  )
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented || mode === 'closed') return
      event.preventDefault()
      if (card.contains(document.activeElement)) button.focus()
      become('closed')
    },
    listen,
  )
  const stopListening = client.on('message', () => {
    lastEventAt = clock()
    update()
  })

  return {
    elements: [anchor, card],
    get isOpen() {
      return mode !== 'closed'
    },
    update,
    destroy() {
      become('closed')
      stop.abort()
      stopListening()
    },
  }
}
