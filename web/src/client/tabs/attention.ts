/** Whether this tab is visible, and when it was focused last. Outside a browser: visible. */

import type { Attention } from './tab-messages.ts'

export interface AttentionSource {
  current(): Attention
  /** @returns a function that stops the calls. */
  watch(changed: () => void): () => void
}

/** The used parts of a page. This file is also compiled without DOM types. */
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
