/** Whether this tab is visible, and when it was focused and used last. Outside a browser: visible, and used at the start. */

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

/** Events that show that somebody uses the page. */
const USES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'scroll'] as const

/** Milliseconds between two notices that the page is used. */
const USE_NOTICED_EVERY = 30_000

export function pageAttention(clock: () => number): AttentionSource {
  const { document, window }: Surroundings = globalThis
  let usedAt = clock()
  let focusedAt = document?.hasFocus() === true ? usedAt : 0
  return {
    current: () => ({ visible: document?.visibilityState !== 'hidden', focusedAt, usedAt }),
    watch(changed) {
      const stop = new AbortController()
      const { signal } = stop
      const noticed = (): void => {
        usedAt = clock()
        if (document?.hasFocus() === true) focusedAt = usedAt
        changed()
      }
      const used = (): void => {
        if (Math.abs(clock() - usedAt) < USE_NOTICED_EVERY) return
        usedAt = clock()
        changed()
      }
      document?.addEventListener('visibilitychange', noticed, { signal })
      window?.addEventListener('focus', noticed, { signal })
      for (const use of USES) window?.addEventListener(use, used, { signal, passive: true, capture: true })
      return () => stop.abort()
    },
  }
}
