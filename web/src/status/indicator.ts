/**
 * The connection indicator. A drop shorter than 2.5 s is shown only while the details are open. The label is a live
 * region; the countdown beside it is not, or a screen reader would read every second.
 */

import type { DashboardWebSocketClient } from '../client/index.ts'
import { h, setText } from '../shared/dom.ts'
import { holdFor, present, type StatusPresentation } from './presentation.ts'

/** Passed by the indicator to the card with the details. */
export interface DetailsContext {
  /** The indicator's label. */
  label: HTMLElement
  clock: () => number
  /** The card has opened or closed. */
  toggled(): void
}

export type CreateDetails = (context: DetailsContext) => Details

export interface Details {
  /** Contains the label, and takes its place. */
  element: HTMLElement
  readonly isOpen: boolean
  update(): void
  destroy(): void
}

export interface StatusIndicator {
  /** Adds the card with details, where its code is loaded after the indicator is shown. See the option `details`. */
  addDetails(create: CreateDetails): void
  destroy(): void
}

export interface StatusIndicatorOptions {
  /** Emptied and filled. */
  element: HTMLElement
  client: Pick<DashboardWebSocketClient, 'getState' | 'on' | 'retryNow'>
  /** A card with details, from `status-card`: `createStatusDetails(client)`. Default: none; a tooltip has a sentence. */
  details?: CreateDetails
  clock?: () => number
}

export function createStatusIndicator(options: StatusIndicatorOptions): StatusIndicator {
  const { element, client, clock = () => Date.now() } = options
  let shown: StatusPresentation | null = null
  let leftLiveAt: number | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  const symbol = h('span', { class: 'cw-status__symbol', attrs: { 'aria-hidden': 'true' } })
  const label = h('span', { class: 'cw-status__label' })
  const region = h('span', { class: 'cw-status__state', attrs: { role: 'status' } }, symbol, label)
  let details: Details | undefined
  /** A sentence on the problem: visible on a wide screen, always read by screen readers. */
  const detail = h('span', { class: 'cw-status__detail', attrs: { 'aria-live': 'polite' } })
  const countdown = h('span', { class: 'cw-status__countdown', attrs: { 'aria-hidden': 'true' } })
  const retry = h(
    'button',
    {
      class: 'cw-status__retry',
      attrs: { type: 'button', hidden: true },
      on: { click: () => client.retryNow() },
    },
    'Retry now',
  )
  element.classList.add('cw-status')
  element.replaceChildren(region, detail, countdown, retry)

  function addDetails(create: CreateDetails): void {
    details = create({ label: region, clock, toggled: update })
    element.prepend(details.element)
    element.removeAttribute('title')
    update()
  }

  function update(): void {
    clearTimeout(timer)
    const now = clock()
    const next = present(client.getState(), now)
    leftLiveAt = next.tone === 'live' ? null : (leftLiveAt ?? now)
    const hold = holdFor(shown?.tone ?? null, next.tone, leftLiveAt ?? now, now)
    // While the card is open, label and card both show the present state.
    if (hold > 0 && details?.isOpen !== true) {
      timer = setTimeout(update, hold)
      return
    }
    shown = next
    element.dataset.tone = next.tone
    setText(symbol, next.symbol)
    setText(label, next.label)
    setText(detail, next.canRetry ? next.detail : '')
    const seconds = next.canRetry ? next.retryInSeconds : null
    setText(countdown, seconds === null ? '' : seconds === 0 ? 'retrying' : `retry in ${seconds} s`)
    retry.hidden = !next.canRetry
    if (details === undefined) element.title = next.detail
    else details.update()
    if (seconds !== null && seconds > 0) timer = setTimeout(update, 1_000)
  }

  const stops = [client.on('state', update), client.on('pong', update)]
  if (options.details === undefined) update()
  else addDetails(options.details)

  return {
    addDetails,
    destroy() {
      for (const stop of stops) stop()
      details?.destroy()
      clearTimeout(timer)
      element.replaceChildren()
      element.classList.remove('cw-status')
    },
  }
}
