/**
 * What a page follows beside the user's own messages: its state, and how it ends. The page holds a session at once;
 * what works behind it (`queue-follower.ts`, `incident-follower.ts`) may still have to be loaded.
 */

import type { ClientErrorCode } from '../../../../functions-shared/client-error-codes.ts'

export type TopicState = 'connecting' | 'live' | 'refused' | 'closed'

/** What the server refused, or a listener that threw. */
export interface TopicError {
  code: ClientErrorCode
  cause: unknown
}

export class TopicLifecycle {
  state: TopicState = 'connecting'
  readonly #abort = new AbortController()
  readonly #told: (state: TopicState) => void

  /** @param told of each state; must not throw. */
  constructor(told: (state: TopicState) => void) {
    this.#told = told
  }

  /** Aborted when it is closed. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  become(state: TopicState): void {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    this.#told(state)
  }

  /** Final. */
  close(): void {
    this.#abort.abort()
    this.become('closed')
  }
}
