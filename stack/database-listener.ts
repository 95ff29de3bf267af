/**
 * A connection that listens on one channel, for as long as its service runs.
 *
 *   connecting --connected--> listening --lost--> waiting (back-off) --> connecting ...
 *
 * Notifications of the time without a connection are lost, so `onConnected` must look at the whole state.
 */

import pg from 'pg'
import { backoffDelay } from '../functions-shared/backoff.ts'
import type { Logger, Stoppable } from './types.ts'

export interface DatabaseListenerOptions {
  databaseUrl: string
  channel: string
  /** Name in `pg_stat_activity`, and the source in the log. */
  name: string
  logger: Logger
  /** Called after each connection, before notifications. If it rejects, the connection is closed and opened again. */
  onConnected: () => Promise<void> | void
  onNotification: () => void
}

const CONNECT_TIMEOUT_MS = 5_000
const BACKOFF = { baseMs: 100, maxMs: 5_000, random: Math.random }

export class DatabaseListener implements Stoppable {
  readonly #options: DatabaseListenerOptions
  readonly #stopping = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  #isStopping = false
  #listening = false

  constructor(options: DatabaseListenerOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  /** Whether notifications arrive now. */
  get listening(): boolean {
    return this.#listening
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#stopping.resolve()
    await this.#running
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#isStopping) {
      const connected = await this.#listenUntilLost()
      failures = connected ? 0 : failures + 1
      if (this.#isStopping) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, backoffDelay(failures, BACKOFF))
      await Promise.race([promise, this.#stopping.promise])
      clearTimeout(timer)
    }
  }

  /** @returns whether the connection was established */
  async #listenUntilLost(): Promise<boolean> {
    const { databaseUrl, channel, name, logger, onConnected, onNotification } = this.#options
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: name,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    })
    const lost = new Promise<void>((resolve) => {
      const end = (): void => {
        this.#listening = false
        resolve()
      }
      client.on('error', end)
      client.on('end', end)
    })
    client.on('notification', () => onNotification())
    let connected = false
    try {
      await client.connect()
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      this.#listening = true
      await onConnected()
      connected = true
      await Promise.race([lost, this.#stopping.promise])
      if (!this.#isStopping) logger.warn(name, 'listener_lost', { channel })
    } catch (error) {
      if (!this.#isStopping) logger.debug(name, 'listener_not_connected', { channel, error })
    } finally {
      this.#listening = false
      await client.end().catch((error: unknown) => logger.debug(name, 'listener_end_failed', { error }))
    }
    return connected
  }
}
