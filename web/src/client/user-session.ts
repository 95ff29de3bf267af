/**
 * From `connect()` to its end: connecting while the engine is loaded, then whatever the engine's session says.
 */

import { type CloseReason, type ConnectionState, IDLE } from './connection-state.ts'
import { type Engine, engineModule } from './engine-module.ts'
import type { EngineSession, SessionListener } from './engine-session.ts'
import type { PageEvent } from './ports.ts'

export class UserSession {
  readonly userId: string
  readonly #listener: Pick<SessionListener, 'state' | 'error'>
  #session: EngineSession | null = null
  /** As long as there is no session. */
  #state: ConnectionState = IDLE
  /** The page was put aside before there was one: it begins when the page comes back. */
  #suspended = false
  #stopWaiting: () => void = () => undefined

  constructor(userId: string, listener: Pick<SessionListener, 'state' | 'error'>) {
    this.userId = userId
    this.#listener = listener
  }

  /** Null until the engine is there. */
  get session(): EngineSession | null {
    return this.#session
  }

  get state(): ConnectionState {
    return this.#session?.state ?? this.#state
  }

  get closed(): boolean {
    return this.state.name === 'closed'
  }

  /** It ended because its user has gone, as far as this page can tell. */
  get abandoned(): boolean {
    const { state } = this
    return state.name === 'closed' && state.reason !== 'disconnect'
  }

  /** @param open a session that has not been started. */
  start(open: (engine: Engine) => EngineSession): void {
    this.#become({ name: 'connecting', failures: 0 }, 'connect')
    // A listener may have had enough of it.
    if (this.closed) return
    this.#stopWaiting = engineModule.use(
      (engine) => {
        this.#session = open(engine)
        if (!this.#suspended) this.#session.start()
      },
      (error) => this.#listener.error(error),
    )
  }

  /** Final, and effective at once. */
  close(reason: CloseReason): void {
    if (this.#session !== null) this.#session.close(reason)
    else if (!this.closed) {
      this.#stopWaiting()
      this.#become({ name: 'closed', reason }, 'close')
    }
  }

  page(event: PageEvent): void {
    if (this.#session !== null) this.#session.page(event)
    else if (event === 'suspend') this.#suspended = true
    else if (event === 'wake') this.#suspended = false
  }

  #become(state: ConnectionState, reason: string): void {
    const old = this.#state
    this.#state = state
    this.#listener.state({ old, new: state, reason })
  }
}
