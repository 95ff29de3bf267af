/** Whether people look at this tab; outside a browser they do. */

import type { Attention } from './tab-messages.ts'

export interface AttentionSource {
  current(): Attention
  /** @returns the way to stop. */
  watch(changed: () => void): () => void
}

/** What of a page is used here; this file is also compiled where there is no DOM. */
interface Surroundings {
  readonly document?: EventTarget & { readonly visibilityState: string; hasFocus(): boolean }
  readonly window?: EventTarget
  readonly setTimeout: unknown
}

export function pageAttention(clock: () => number): AttentionSource {
  const { document, window }: Surroundings = globalThis
  let focusedAt = document?.hasFocus() === true ? clock() : 0
  return {
    current: () => ({ visible: document?.visibilityState !== 'hidden', focusedAt }),
    watch(changed) {
      const stop = new AbortController()
      const noticed = (): void => {
        if (document?.hasFocus() === true) focusedAt = clock()
        changed()
      }
      document?.addEventListener('visibilitychange', noticed, { signal: stop.signal })
      window?.addEventListener('focus', noticed, { signal: stop.signal })
      return () => stop.abort()
    },
  }
}
