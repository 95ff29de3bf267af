/**
 * Registers this device before it joins the user's topic, and keeps the registration alive: so the database's limit of
 * devices holds for every socket.
 *
 *   join ──> who is signed in ──> register ──> join of the channel ──> heartbeats with the pings
 *               │ down: session     └─ refused: too_many_connections        └─ refused: connection_displaced
 *               └─ refused: user_mismatch
 */

import { userTopic } from '../../../functions-shared/topics.ts'
import { ClientError, hasCode } from './client-error.ts'
import type { Clock, Devices, Identity, Subscription, Transport, TransportHandlers } from './ports.ts'

export interface RegistrationOptions {
  transport: Transport
  devices: Devices
  identity: Pick<Identity, 'currentUserId'>
  clock: Clock
}

/** For topics `user:<id>`. */
export function createRegisteredTransport(options: RegistrationOptions): Transport {
  const { transport } = options
  return {
    ...(transport.rest === undefined ? {} : { rest: () => transport.rest?.() }),
    join(topic, handlers) {
      return new RegisteredSubscription(options, topic, handlers)
    },
  }
}

class RegisteredSubscription implements Subscription {
  readonly #devices: Devices
  readonly #identity: RegistrationOptions['identity']
  readonly #clock: Clock
  readonly #topic: string
  readonly #handlers: TransportHandlers
  #subscription: Subscription | null = null
  #left = false
  #seenAt = 0
  #silenceLimitMs = 0
  #asking = false

  constructor(
    { transport, devices, identity, clock }: RegistrationOptions,
    topic: string,
    handlers: TransportHandlers,
  ) {
    this.#devices = devices
    this.#identity = identity
    this.#clock = clock
    this.#topic = topic
    this.#handlers = handlers
    void this.#register().then((registered) => {
      if (registered && !this.#left) this.#subscription = transport.join(topic, handlers)
    })
  }

  leave(next: 'rejoin' | 'end'): void {
    this.#left = true
    this.#subscription?.leave(next)
  }

  ping(): void {
    this.#subscription?.ping()
    void this.#heartbeat()
  }

  async #register(): Promise<boolean> {
    if (!(await this.#isUser()) || this.#left) return false
    try {
      const { silenceLimitMs } = await this.#devices.register()
      this.#silenceLimitMs = silenceLimitMs
      this.#seenAt = this.#clock()
      return true
    } catch (cause) {
      if (this.#left) return false
      if (hasCode(cause, 'too_many_connections')) this.#handlers.refused('too_many_connections', cause)
      else if (hasCode(cause, 'session_expired')) this.#handlers.down('session', cause)
      else this.#handlers.down('socket', cause)
      return false
    }
  }

  /** The database registers the signed-in user, who has to be the topic's user. */
  async #isUser(): Promise<boolean> {
    try {
      const userId = await this.#identity.currentUserId()
      if (userId === null) throw new ClientError('not_signed_in')
      if (userTopic(userId) === this.#topic) return true
      if (!this.#left) this.#handlers.refused('user_mismatch')
    } catch (cause) {
      if (!this.#left) this.#handlers.down('session', cause)
    }
    return false
  }

  /** Sends a device heartbeat when half of the allowed silence has passed. */
  async #heartbeat(): Promise<void> {
    const due = this.#clock() - this.#seenAt >= this.#silenceLimitMs / 2
    if (!due || this.#asking || this.#left || this.#subscription === null) return
    this.#asking = true
    try {
      const status = await this.#devices.heartbeat()
      if (this.#left) return
      if (status === 'live') this.#seenAt = this.#clock()
      else if (status === 'displaced') this.#handlers.refused('connection_displaced')
      else await this.#register()
    } catch {
      // The next ping sends another heartbeat. The socket's own heartbeat finds a lost connection.
    } finally {
      this.#asking = false
    }
  }
}
