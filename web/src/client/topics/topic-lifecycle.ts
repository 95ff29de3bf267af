/**
 * State and end of a queue or incident that a page follows. The page's session exists at once, while the engine with
 * `queue-follower.ts` and `incident-follower.ts` may still be loading.
 */

import type { ClientErrorCode } from '../../../../functions-shared/client-error-codes.ts'

export type TopicState = 'connecting' | 'live' | 'refused' | 'closed'

/** A refusal of the server, or the error of a listener. */
export interface TopicError {
  code: ClientErrorCode
  cause: unknown
}

export class TopicLifecycle {
  state: TopicState = 'connecting'
  readonly #abort = new AbortController()
  readonly #changed: (state: TopicState) => void

  /** @param changed called with each new state; must not throw. */
  constructor(changed: (state: TopicState) => void) {
    this.#changed = changed
  }

  /** Aborted by `close()`. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  setState(state: TopicState): void {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    this.#changed(state)
  }

  /** Final. */
  close(): void {
    this.#abort.abort()
    this.setState('closed')
  }
}
