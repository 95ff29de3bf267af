/**
 * The connection indicator. Drops shorter than 2.5 s are not shown, except to those who have the details open. The label is a live region; the countdown
 * beside it is not, or a screen reader would read every second.
 */

import type { DashboardWebSocketClient } from '../client/index.ts'
import { h, setText } from '../shared/dom.ts'
import type { CreateDetails } from './details.ts'
import { holdFor, present, type StatusPresentation } from './presentation.ts'

export interface StatusIndicator {
  destroy(): void
}

export interface StatusIndicatorOptions {
  /** Emptied and filled. */
  element: HTMLElement
  client: Pick<DashboardWebSocketClient, 'getState' | 'on' | 'retryNow'>
  /** A card for whoever looks closer: `createStatusDetails(client)`. Default: none, and a tooltip in its place. */
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
  const details = options.details?.({
    label: region,
    clock,
    toggled: () => update(),
  })
  /** What is the matter: seen where there is room for it, heard everywhere. */
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
  element.replaceChildren(...(details?.elements ?? [region]), detail, countdown, retry)

  function update(): void {
    clearTimeout(timer)
    const now = clock()
    const next = present(client.getState(), now)
    leftLiveAt = next.tone === 'live' ? null : (leftLiveAt ?? now)
    const hold = holdFor(shown?.tone ?? null, next.tone, leftLiveAt ?? now, now)
    // Whoever looks closer is shown what is so, by label and card alike.
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
  update()

  return {
    destroy() {
      for (const stop of stops) stop()
      details?.destroy()
      clearTimeout(timer)
      element.replaceChildren()
      element.classList.remove('cw-status')
    },
  }
}
