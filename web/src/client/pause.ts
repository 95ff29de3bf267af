/** Gives the page a turn without waiting for a timer, which browsers hold back to 4 ms, and to 1 s in hidden pages. */

import type { Pause } from './ports.ts'

interface Surroundings {
  readonly scheduler?: { yield?: () => Promise<void> }
  readonly MessageChannel: unknown
}

export const pause: Pause = () => {
  const { scheduler }: Surroundings = globalThis
  if (scheduler?.yield !== undefined) return scheduler.yield()
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    const turn = (): void => {
      port1.close()
      resolve()
    }
    port1.addEventListener('message', turn, { once: true })
    port1.start()
    port2.postMessage(null)
  })
}
