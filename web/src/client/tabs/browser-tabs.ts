/**
 * Groups of tabs with Web Locks and BroadcastChannel. The browser releases a lock when its tab closes, crashes or is
 * discarded, so the next tab leads at once, without a time-out. One lock is the lead. Each tab holds another lock with its own
 * id, which shows the leading tab that the tab exists.
 */

import type { OpenTabGroup } from './tab-group.ts'

/** The used parts of a page. This file is also compiled without DOM types. */
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
  // Workers have no tabs. Web Locks are missing outside of secure contexts.
  const locks = navigator?.locks
  if (document === undefined || locks === undefined || BroadcastChannel === undefined) return null
  const channel = openChannel(BroadcastChannel, name)
  if (channel === null) return null

  let closed = false
  let waiting = new AbortController()
  let release: (() => void) | null = null
  const here = new AbortController()
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  /** Messages posted before this tab holds its own lock; null afterwards. */
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
      // Web Locks are refused, e.g. in a page without storage.
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
  // A refusal is handled by the request for the lead.
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
    // Blocked together with storage.
    return null
  }
}
