/**
 * Joins only as a registered device, and stays one: what the database limits holds whatever path the socket takes.
 *
 *   join ──> register ──> join of the channel ──> heartbeats with the pings
 *               └─ refused: too_many_connections        └─ refused: connection_displaced
 */

import { hasCode } from './client-error.ts'
import type { Clock, Devices, Subscription, Transport, TransportHandlers } from './ports.ts'

export function createRegisteredTransport(transport: Transport, devices: Devices, clock: Clock): Transport {
  return {
    ...(transport.rest === undefined ? {} : { rest: () => transport.rest?.() }),
    join(topic, handlers) {
      return new RegisteredSubscription(transport, devices, clock, topic, handlers)
    },
  }
}

class RegisteredSubscription implements Subscription {
  readonly #devices: Devices
  readonly #clock: Clock
  readonly #handlers: TransportHandlers
  #subscription: Subscription | null = null
  #left = false
  #seenAt = 0
  #silenceLimitMs = 0
  #asking = false

  constructor(
    transport: Transport,
    devices: Devices,
    clock: Clock,
    topic: string,
    handlers: TransportHandlers,
  ) {
    this.#devices = devices
    this.#clock = clock
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
    try {
      const { silenceLimitMs } = await this.#devices.register()
      this.#silenceLimitMs = silenceLimitMs
      this.#seenAt = this.#clock()
      return true
    } catch (cause) {
      if (this.#left) return false
      if (hasCode(cause, 'too_many_connections')) this.#handlers.refused('too_many_connections', cause)
      else this.#handlers.down('socket', cause)
      return false
    }
  }

  /** Twice within the time of silence that is allowed is enough. */
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
      // The next ping asks again; whether there is a connection at all, others find out.
    } finally {
      this.#asking = false
    }
  }
}
