/** What components read of the browser, as signals. */

import { type ReadonlySignal, signal } from '@preact/signals'

/** Whether the device has a network. */
export const isOnline = following(() => navigator.onLine, window, 'online', 'offline')

/** Whether the style sheets show one pane at a time, as on a phone. */
export const isNarrow = media('(width < 720px)')

/** The part of the address that names what is shown. */
export const hash = following(() => location.hash, window, 'hashchange')

function media(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query)
  return following(() => list.matches, list, 'change')
}

/** A signal that is read anew at each of the events, while a component or an effect reads the signal. */
function following<Value>(read: () => Value, target: EventTarget, ...types: string[]): ReadonlySignal<Value> {
  const readAgain = (): void => {
    value.value = read()
  }
  const value = signal(read(), {
    watched() {
      for (const type of types) target.addEventListener(type, readAgain)
      readAgain()
    },
    unwatched() {
      for (const type of types) target.removeEventListener(type, readAgain)
    },
  })
  return value
}
