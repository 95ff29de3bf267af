/** The inbox, loaded after the first paint; until then its place in the top bar is kept free. */

import type { Inbox, InboxOptions } from '../inbox/index.ts'
import type { InboxSource } from '../inbox/source.ts'
import { h } from '../shared/dom.ts'

export interface LazyInbox {
  /** Where the bell appears. */
  bell: HTMLElement
  /** Loads it; again after a failure. */
  load(): void
  destroy(): void
}

export interface LazyInboxOptions extends Omit<InboxOptions, 'source'> {
  source(create: typeof import('../inbox/index.ts').createInboxSource): InboxSource
}

export function createLazyInbox({ source, ...options }: LazyInboxOptions): LazyInbox {
  const bell = h('span', { class: 'topbar__bell' })
  let inbox: Inbox | null = null
  let loading = false
  const stop = new AbortController()

  async function load(): Promise<void> {
    if (loading || inbox !== null) return
    loading = true
    try {
      const { createInbox, createInboxSource } = await import('../inbox/index.ts')
      if (stop.signal.aborted) return
      inbox = createInbox({ ...options, source: source(createInboxSource) })
      bell.replaceChildren(inbox.bell)
    } catch {
      // No network: the next tick tries again.
    } finally {
      loading = false
    }
  }

  return {
    bell,
    load: () => void load(),
    destroy() {
      stop.abort()
      inbox?.destroy()
    },
  }
}
