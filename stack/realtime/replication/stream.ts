/**
 * One logical replication connection on one publication; a lost connection is opened again.
 *
 *   connecting --slot made, stream started--> streaming --any failure--> waiting (back-off) --> connecting
 *
 * The slot is temporary and ends with its connection, so that PostgreSQL keeps no write-ahead log for a server that has
 * gone. Changes that are committed while the connection is lost are not seen.
 */

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { LogicalReplicationService, type Pgoutput, PgoutputPlugin } from 'pg-logical-replication'
import { backoffDelay } from '../../../functions-shared/backoff.ts'
import type { Logger } from '../../types.ts'

export interface ReplicationStreamOptions {
  /** Connects as a role with the replication attribute. */
  url: string
  publication: string
  logger: Logger
  /**
   * Changes in commit order. Values are PostgreSQL's text, null, or undefined where unchanged and not sent.
   * With `backPressure`, the stream waits for a returned promise.
   */
  onMessage: (message: Pgoutput.Message) => void | Promise<void>
  /** Default false: each message is handed on at once. */
  backPressure?: boolean
  onConnected?: () => void
}

/** Short, because broadcasts of this time are lost. */
const RETRY = { baseMs: 50, maxMs: 500, random: Math.random }
const ACKNOWLEDGE_SECONDS = 10

export class ReplicationStream {
  readonly #options: ReplicationStreamOptions
  readonly #stopping = new AbortController()
  #connected = false
  #waiting = new Set<() => void>()
  #service: LogicalReplicationService | undefined
  #ended: Promise<void> | undefined

  constructor(options: ReplicationStreamOptions) {
    this.#options = options
  }

  get connected(): boolean {
    return this.#connected
  }

  start(): void {
    this.#ended ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const resume of this.#waiting) resume()
    await this.#service?.destroy()
    await this.#ended
  }

  /** @returns whether the stream flows, at the latest after `timeoutMs` */
  whenConnected(timeoutMs: number): Promise<boolean> {
    if (this.#connected) return Promise.resolve(true)
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer)
        this.#waiting.delete(settle)
        resolve(this.#connected)
      }
      const timer = setTimeout(settle, timeoutMs)
      this.#waiting.add(settle)
    })
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { logger, publication } = this.#options
    let attempt = 0
    while (!signal.aborted) {
      try {
        await this.#stream(() => {
          attempt = 0
        })
      } catch (error) {
        if (!signal.aborted) {
          const level = attempt === 0 ? 'warn' : 'debug'
          logger[level]('realtime', 'replication_interrupted', { publication, error })
        }
      }
      this.#connected = false
      if (signal.aborted) return
      await delay(backoffDelay(attempt++, RETRY), undefined, { signal }).catch(ignoreAbort)
    }
  }

  /** @returns when the connection has ended without an error */
  async #stream(onStart: () => void): Promise<void> {
    const service = new LogicalReplicationService(
      { connectionString: this.#options.url, application_name: 'realtime_replication' },
      {
        acknowledge: { auto: false, timeoutSeconds: ACKNOWLEDGE_SECONDS },
        flowControl: { enabled: this.#options.backPressure ?? false },
      },
    )
    this.#service = service
    // The same failure also rejects subscribe(); without a listener it would end the process.
    service.on('error', (error) =>
      this.#options.logger.debug('realtime', 'replication_connection_failed', { error }),
    )
    service.on('start', () => {
      onStart()
      this.#connected = true
      this.#options.onConnected?.()
      for (const resume of [...this.#waiting]) resume()
    })
    service.on('data', (_lsn: string, message: Pgoutput.Message) => this.#options.onMessage(message))
    service.on('heartbeat', (lsn, _time, shouldRespond) => {
      if (shouldRespond) service.acknowledge(lsn)
    })
    try {
      await service.subscribe(
        new TemporarySlotPlugin({ protoVersion: 1, publicationNames: [this.#options.publication] }),
        `realtime_${randomBytes(8).toString('hex')}`,
      )
    } finally {
      this.#service = undefined
      await service.destroy()
    }
  }
}

/** pgoutput on a slot that is created on the streaming connection itself. Values stay text. */
class TemporarySlotPlugin extends PgoutputPlugin {
  override async start(client: Client, slotName: string, lastLsn: string): Promise<unknown> {
    await client.query(`CREATE_REPLICATION_SLOT "${slotName}" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`)
    return super.start(client, slotName, lastLsn)
  }

  override parse(buffer: Buffer): Pgoutput.Message {
    const message: Pgoutput.Message = super.parse(buffer)
    if (message.tag === 'relation') for (const column of message.columns) column.parser = asText
    return message
  }
}

function asText(value: unknown): unknown {
  return value
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error
}
