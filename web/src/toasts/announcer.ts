/**
 * Reads toasts out. The live regions stand in the page from the start, since a region that appears together with its
 * text is not read. What comes at once is read in one go, and many become a number: nobody listens to a thousand.
 */

import { h } from '../shared/dom.ts'

export interface Announcer {
  element: HTMLElement
  /** @param urgent interrupts what is being read. */
  announce(texts: readonly string[], urgent: boolean): void
  destroy(): void
}

/** More than this at once are counted instead of read. */
const READ_AT_ONCE = 3

/** Milliseconds until what was read is taken out again: it would be found a second time when browsing the page. */
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
