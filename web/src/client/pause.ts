/**
 * Lets the page run its other tasks. Timers are delayed to 4 ms, and to 1 s in hidden pages; `scheduler.yield` continues
 * before the page's other tasks.
 */

import type { Pause } from './ports.ts'

export const pause: Pause = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    const turn = (): void => {
      port1.close()
      resolve()
    }
    port1.addEventListener('message', turn, { once: true })
    port1.start()
    port2.postMessage(null)
  })
