/**
 * A connection that listens, for as long as the worker runs.
 *
 *   connecting --connected--> listening --lost--> waiting (back-off) --> connecting ...
 *
 * What was notified while it was away is lost, so `onConnected` must look at everything there is.
 */

import pg from 'pg'
import { backoffDelay } from '../../functions-shared/backoff.ts'
import type { Logger, Stoppable } from '../types.ts'

export interface ListenerOptions {
  databaseUrl: string
  channel: string
  /** As others see it in pg_stat_activity; also the source in the log. */
  applicationName: string
  logger: Logger
  /** After each connection, before notifications; where it rejects, the connection is given up and made again. */
  onConnected: () => Promise<void> | void
  onNotification: () => void
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 5_000
const BACKOFF = { baseMs: 100, maxMs: 5_000, random: Math.random }

export class Listener implements Stoppable {
  readonly #options: ListenerOptions
  readonly #stopping = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  #isStopping = false

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#running = this.#run()
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

  /** @returns whether it came to listening. */
  async #listenUntilLost(): Promise<boolean> {
    const { databaseUrl, channel, applicationName, logger, onConnected, onNotification } = this.#options
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: applicationName,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
    })
    const lost = new Promise<void>((resolve) => {
      client.on('error', () => resolve())
      client.on('end', () => resolve())
    })
    client.on('notification', () => onNotification())
    let connected = false
    try {
      await client.connect()
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      await onConnected()
      connected = true
      await Promise.race([lost, this.#stopping.promise])
      if (!this.#isStopping) logger.warn(applicationName, 'lost the database, connecting again')
    } catch (error) {
      if (!this.#isStopping) logger.debug(applicationName, 'the database is not there yet', { error })
    } finally {
      await client.end().catch((error: unknown) => logger.debug(applicationName, 'ended badly', { error }))
    }
    return connected
  }
}
