/**
 * From `connect()` to its end: connecting while the engine is loaded, then whatever the engine's session says.
 */

import { IDLE } from './client-state.ts'
import type { CloseReason, ConnectionState } from './connection-state.ts'
import { type Engine, enginePart } from './engine-part.ts'
import type { PageEvent } from './ports.ts'
import type { Session, SessionListener } from './session.ts'

export class Visit {
  readonly userId: string
  readonly #listener: Pick<SessionListener, 'state' | 'error'>
  #session: Session | null = null
  /** As long as there is no session. */
  #state: ConnectionState = IDLE

  constructor(userId: string, listener: Pick<SessionListener, 'state' | 'error'>) {
    this.userId = userId
    this.#listener = listener
  }

  /** Null until the engine is there. */
  get session(): Session | null {
    return this.#session
  }

  get state(): ConnectionState {
    return this.#session?.state ?? this.#state
  }

  get closed(): boolean {
    return this.state.name === 'closed'
  }

  /** @param open a session that has not been started. */
  start(open: (engine: Engine) => Session): void {
    this.#become({ name: 'connecting', failures: 0 }, 'connect')
    enginePart.use(
      (engine) => {
        if (this.closed) return
        this.#session = open(engine)
        this.#session.start()
      },
      (error) => {
        if (!this.closed) this.#listener.error(error)
      },
    )
  }

  /** Final, and effective at once. */
  close(reason: CloseReason): void {
    if (this.#session !== null) this.#session.close(reason)
    else if (!this.closed) this.#become({ name: 'closed', reason }, 'close')
  }

  page(event: PageEvent): void {
    this.#session?.page(event)
  }

  #become(state: ConnectionState, reason: string): void {
    const old = this.#state
    this.#state = state
    this.#listener.state({ old, new: state, reason })
  }
}
