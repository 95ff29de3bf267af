/**
 * One user's session from `connect()` to its end. The state is `connecting` while the engine loads; afterwards it is the
 * state of the engine's session.
 */

import { type CloseReason, CONNECTING, type ConnectionState, IDLE } from './connection-state.ts'
import { type Engine, engineModule } from './engine-module.ts'
import type { EngineSession, SessionListener } from './engine-session.ts'
import type { PageEvent } from './ports.ts'

export class UserSession {
  readonly userId: string
  readonly #listener: Pick<SessionListener, 'state' | 'error'>
  #session: EngineSession | null = null
  /** The state until the engine's session exists. */
  #state: ConnectionState = IDLE
  /** The page went into the back/forward cache before the engine had loaded. The session starts when the page returns. */
  #suspended = false
  #stopWaiting: () => void = () => undefined

  constructor(userId: string, listener: Pick<SessionListener, 'state' | 'error'>) {
    this.userId = userId
    this.#listener = listener
  }

  /** Null until the engine has loaded. */
  get session(): EngineSession | null {
    return this.#session
  }

  get state(): ConnectionState {
    return this.#session?.state ?? this.#state
  }

  get closed(): boolean {
    return this.state.name === 'closed'
  }

  /** The session ended by sign-out or a change of users. */
  get abandoned(): boolean {
    const { state } = this
    return state.name === 'closed' && state.reason !== 'disconnect'
  }

  /** @param open creates the engine's session without starting it. */
  start(open: (engine: Engine) => EngineSession): void {
    this.#setState(CONNECTING, 'connect')
    // A listener may have called `disconnect()`.
    if (this.closed) return
    this.#stopWaiting = engineModule.use(
      (engine) => {
        this.#session = open(engine)
        if (!this.#suspended) this.#session.start()
      },
      (error) => this.#listener.error(error),
    )
  }

  /** As `EngineSession.close`. */
  close(reason: CloseReason): Promise<void> {
    if (this.#session !== null) return this.#session.close(reason)
    if (!this.closed) {
      this.#stopWaiting()
      this.#setState({ name: 'closed', reason }, 'close')
    }
    return Promise.resolve()
  }

  page(event: PageEvent): void {
    if (this.#session !== null) this.#session.page(event)
    else if (event === 'suspend') this.#suspended = true
    else if (event === 'wake') this.#suspended = false
  }

  #setState(state: ConnectionState, reason: string): void {
    const old = this.#state
    this.#state = state
    this.#listener.state({ old, new: state, reason })
  }
}
