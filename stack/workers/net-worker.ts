/**
 * The background worker of pg_net: takes committed requests from net.http_request_queue, performs them and writes
 * net._http_response.
 *
 *   commit -> NOTIFY pg_net -> take (delete ... returning) -> request -> net._http_response
 *
 * A request is taken before it is performed, so it is sent once at most. Requests that wait in the queue while the
 * worker or the database is away are sent when both have returned.
 */

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { backoffDelay } from '../../functions-shared/backoff.ts'
import { isRecord } from '../../functions-shared/unknown.ts'
import { DatabaseListener } from '../database-listener.ts'
import { createPool } from '../database-pool.ts'
import type { Logger, Stoppable } from '../types.ts'
import { performRequest, type QueuedRequest, type RequestOutcome } from './http-request.ts'
import { isInstalled } from './installed.ts'
import { RepeatedTask } from './repeated-task.ts'

export interface NetWorkerOptions {
  /** Connects as `supabase_admin`. */
  databaseUrl: string
  logger: Logger
  /** Requests that are performed at a time. Default 50. */
  concurrency?: number
}

const NAME = 'pg_net worker'
const DEFAULT_CONCURRENCY = 50
/** Milliseconds between looks at the queue without a notification, and between removals of old responses. */
const HOUSEKEEPING_MS = 60_000
const RESPONSE_TTL = '6 hours'
/** Delays before a response is written again, while the database is away. */
const WRITE_BACKOFF = { baseMs: 100, maxMs: 5_000, random: Math.random }

export function startNetWorker(options: NetWorkerOptions): Stoppable {
  return new NetWorker(options)
}

class NetWorker implements Stoppable {
  readonly #logger: Logger
  readonly #concurrency: number
  readonly #pool: pg.Pool
  readonly #listener: DatabaseListener
  readonly #housekeeping: NodeJS.Timeout
  readonly #abort = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  readonly #taking: RepeatedTask
  /** Whether the queue may hold requests that found no free place. */
  #hasMore = false
  #stopped: Promise<void> | undefined

  constructor({ databaseUrl, logger, concurrency = DEFAULT_CONCURRENCY }: NetWorkerOptions) {
    this.#logger = logger
    this.#concurrency = concurrency
    this.#pool = createPool({ url: databaseUrl, name: `${NAME} writer`, size: 2, logger })
    this.#taking = new RepeatedTask(
      () => this.#take(),
      // The next connection looks at the queue again.
      (error) => logger.debug(NAME, 'queue_not_read', { error }),
    )
    this.#listener = new DatabaseListener({
      databaseUrl,
      channel: 'pg_net',
      name: NAME,
      logger,
      onConnected: () => this.#keepHouse(),
      onNotification: () => this.#taking.request(),
    })
    this.#housekeeping = setInterval(() => {
      this.#keepHouse().catch((error: unknown) => logger.debug(NAME, 'housekeeping_failed', { error }))
    }, HOUSEKEEPING_MS)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  async #end(): Promise<void> {
    clearInterval(this.#housekeeping)
    this.#abort.abort()
    await this.#listener.stop()
    await this.#taking.stop()
    await Promise.all(this.#underWay)
    await this.#pool.end()
  }

  async #keepHouse(): Promise<void> {
    if (await isInstalled(this.#pool, 'net._http_response')) {
      await this.#pool.query('delete from net._http_response where created < now() - $1::interval', [
        RESPONSE_TTL,
      ])
    }
    this.#taking.request()
  }

  /** Takes as many requests as there are free places, until the queue is empty. */
  async #take(): Promise<void> {
    if (!(await isInstalled(this.#pool, 'net.http_request_queue'))) return
    this.#hasMore = true
    while (this.#hasMore && !this.#abort.signal.aborted) {
      const free = this.#concurrency - this.#underWay.size
      if (free <= 0) return
      const { rows } = await this.#pool.query<QueueRow>(
        `delete from net.http_request_queue where id in (
          select id from net.http_request_queue order by id limit $1 for update skip locked
        ) returning id, method, url, headers, body, timeout_milliseconds`,
        [free],
      )
      this.#hasMore = rows.length === free
      const requests = rows.map(parseRow).sort((one, other) => Number(BigInt(one.id) - BigInt(other.id)))
      for (const request of requests) this.#start(request)
    }
  }

  #start(request: QueuedRequest): void {
    const work = this.#perform(request).finally(() => {
      this.#underWay.delete(work)
      if (this.#hasMore) this.#taking.request()
    })
    this.#underWay.add(work)
  }

  async #perform(request: QueuedRequest): Promise<void> {
    const { signal } = this.#abort
    const outcome = await performRequest(request, signal)
    const { id, method, url } = request
    if (outcome.error !== null) {
      this.#logger.warn(NAME, 'request_failed', { reason: outcome.error, id, method, url })
    }
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#write(outcome)
        return
      } catch (error) {
        if (signal.aborted || !isWorthRetrying(error)) {
          this.#logger.warn(NAME, 'response_not_kept', { id, error })
          return
        }
        // An abort ends the wait, and the next attempt is the last.
        await delay(backoffDelay(attempt, WRITE_BACKOFF), undefined, { signal }).catch(() => undefined)
      }
    }
  }

  async #write(outcome: RequestOutcome): Promise<void> {
    const { id, statusCode, contentType, headers, content, timedOut, error } = outcome
    await this.#pool.query(
      `insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)
      values ($1, $2, $3, $4, $5, $6, $7)`,
      [id, statusCode, contentType, headers, content, timedOut, error],
    )
  }
}

interface QueueRow {
  id: string
  method: string
  url: string
  headers: unknown
  body: Buffer | null
  timeout_milliseconds: number
}

function parseRow({ id, method, url, headers, body, timeout_milliseconds }: QueueRow): QueuedRequest {
  const given = isRecord(headers) ? Object.entries(headers) : []
  return {
    id,
    method,
    url,
    headers: Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    body: body === null ? null : new Uint8Array(body),
    timeoutMs: timeout_milliseconds,
  }
}

/** False for statements that can never succeed, e.g. because the extension was dropped. */
function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError && /^(22|23|42)/.test(error.code ?? ''))
}
