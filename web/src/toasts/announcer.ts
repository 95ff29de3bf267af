/**
 * Announces toasts to screen readers. The live regions are in the page from the start, because a region that is added
 * together with its text is not read. Toasts that arrive together are read together; more than three are announced as a
 * number.
 */

import { h } from '../shared/dom.ts'

export interface Announcer {
  element: HTMLElement
  /** @param urgent interrupts what is being read. */
  announce(texts: readonly string[], urgent: boolean): void
  destroy(): void
}

/** Texts that are read one by one; more are announced as a number. */
const READ_AT_ONCE = 3

/** Milliseconds until the text is removed, so that a screen reader does not find it again when browsing the page. */
const CLEAR_AFTER = 7_000

export function createAnnouncer(): Announcer {
  const polite = h('div', { attrs: { role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' } })
  const urgent = h('div', { attrs: { role: 'alert', 'aria-live': 'assertive', 'aria-atomic': 'true' } })
  const element = h('div', { class: 'cw-visually-hidden' }, polite, urgent)
  const timers = new Map<HTMLElement, ReturnType<typeof setTimeout>>()

  return {
    element,
    announce(texts, isUrgent) {
      const region = isUrgent ? urgent : polite
      const [last] = texts.slice(-1)
      if (last === undefined) return
      const told = texts.length > READ_AT_ONCE ? [`${texts.length} messages. The latest: ${last}`] : texts
      region.replaceChildren(...told.map((text) => h('p', {}, text)))
      clearTimeout(timers.get(region))
      timers.set(
        region,
        setTimeout(() => region.replaceChildren(), CLEAR_AFTER),
      )
    },
    destroy() {
      for (const timer of timers.values()) clearTimeout(timer)
      element.remove()
    },
  }
}
