/**
 * Groups of tabs by Web Locks and BroadcastChannel. The browser releases a lock when its tab closes, crashes or is
 * discarded, so the next tab leads at once, without any time-out. One lock is the lead; another, named by the tab, says
 * that the tab is there.
 */

import type { OpenTabGroup } from './tab-group.ts'

/** What of a page is used here; this file is also compiled where there is no DOM. */
interface Surroundings {
  readonly document?: unknown
  readonly navigator?: { readonly locks?: Locks }
  readonly BroadcastChannel?: new (name: string) => Channel
}

interface Locks {
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean; ifAvailable?: boolean },
    hold: (lock: unknown) => Promise<void>,
  ): Promise<unknown>
}

interface Channel extends EventTarget {
  postMessage(message: unknown): void
  close(): void
}

export const openBrowserTabs: OpenTabGroup = (name, tabId, handlers) => {
  const { document, navigator, BroadcastChannel }: Surroundings = globalThis
  // Only pages have other tabs; Web Locks are missing outside of secure contexts.
  const locks = navigator?.locks
  if (document === undefined || locks === undefined || BroadcastChannel === undefined) return null
  const channel = openChannel(BroadcastChannel, name)
  if (channel === null) return null

  let closed = false
  let waiting = new AbortController()
  let release: (() => void) | null = null
  const here = new AbortController()
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  /** What is said before others can tell whether this tab is there. */
  let outbox: unknown[] | null = []

  function enter(): Promise<void> {
    for (const message of outbox ?? []) channel?.postMessage(message)
    outbox = null
    return left
  }

  function close(): void {
    if (closed) return
    closed = true
    waiting.abort()
    here.abort()
    release?.()
    leave()
    channel?.close()
  }

  function request(options: { signal?: AbortSignal; steal?: true; ifAvailable?: true }): void {
    const { signal } = waiting
    let held = false
    const hold = (lock: unknown): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>()
      if (closed) resolve()
      else if (lock === null) {
        resolve()
        follow()
      } else {
        held = true
        release = resolve
        handlers.lead()
      }
      return promise
    }
    locks?.request(name, options, hold).catch(() => {
      if (closed || signal.aborted) return
      if (held) {
        release = null
        follow()
        return
      }
      // Refused as such, e.g. in a page without storage.
      close()
      handlers.unavailable()
    })
  }

  /** Another tab has the lead. */
  function follow(): void {
    request({ signal: waiting.signal })
    handlers.follow()
  }

  channel.addEventListener('message', (event) => {
    if (!closed && 'data' in event) handlers.message(event.data)
  })
  // Refused for the same reasons as the lead, which tells of it.
  locks.request(`${name}:${tabId}`, { signal: here.signal }, enter).catch(() => undefined)
  request({ ifAvailable: true })

  return {
    post(message) {
      if (closed) return
      if (outbox === null) channel.postMessage(message)
      else outbox.push(message)
    },
    watch(other) {
      const gone = async (): Promise<void> => {
        if (!closed) handlers.gone(other)
      }
      locks.request(`${name}:${other}`, { signal: here.signal }, gone).catch(() => undefined)
    },
    steal() {
      if (closed || release !== null) return
      waiting.abort()
      waiting = new AbortController()
      request({ steal: true })
    },
    close,
  }
}

function openChannel(BroadcastChannel: new (name: string) => Channel, name: string): Channel | null {
  try {
    return new BroadcastChannel(name)
  } catch {
    // Blocked, as other storage can be.
    return null
  }
}
