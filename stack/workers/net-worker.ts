/**
 * Does what pg_net's background worker does: takes committed requests from net.http_request_queue, performs
 * them and writes net._http_response.
 *
 *   commit -> NOTIFY pg_net -> take (delete ... returning) -> request -> net._http_response
 *
 * A request is taken before it is performed: it is sent once at most. What waits in the queue while the worker
 * or the database is away is sent when both are back.
 */

import pg from 'pg'
import { backoffDelay } from '../../functions-shared/backoff.ts'
import type { Logger, Stoppable } from '../types.ts'
import { performRequest, type QueuedRequest, type RequestOutcome } from './http-request.ts'
import { Listener } from './listener.ts'

export interface NetWorkerOptions {
  /** Connects as `supabase_admin`. */
  databaseUrl: string
  logger: Logger
  /** Requests under way at a time. Default 50. */
  concurrency?: number
}

const NAME = 'pg_net worker'
const DEFAULT_CONCURRENCY = 50
/** Milliseconds between looks at the queue without a notification, and at responses that are too old. */
const HOUSEKEEPING_MS = 60_000
const RESPONSE_TTL = '6 hours'
/** Milliseconds that a response may wait for a database that is away. */
const WRITE_BACKOFF = { baseMs: 100, maxMs: 5_000, random: Math.random }

export function startNetWorker(options: NetWorkerOptions): Stoppable {
  return new NetWorker(options)
}

class NetWorker implements Stoppable {
  readonly #logger: Logger
  readonly #concurrency: number
  readonly #pool: pg.Pool
  readonly #listener: Listener
  readonly #housekeeping: NodeJS.Timeout
  readonly #abort = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #taking: Promise<void> | undefined
  #lookAgain = false
  #stopped: Promise<void> | undefined

  constructor({ databaseUrl, logger, concurrency = DEFAULT_CONCURRENCY }: NetWorkerOptions) {
    this.#logger = logger
    this.#concurrency = concurrency
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: 2, application_name: `${NAME} writer` })
    this.#pool.on('error', (error) => logger.debug(NAME, 'an idle connection ended', { error }))
    this.#listener = new Listener({
      databaseUrl,
      channel: 'pg_net',
      applicationName: NAME,
      logger,
      onConnected: () => this.#keepHouse(),
      onNotification: () => this.#wake(),
    })
    this.#housekeeping = setInterval(() => {
      this.#keepHouse().catch((error: unknown) => logger.debug(NAME, 'housekeeping failed', { error }))
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
    await this.#taking
    await Promise.all(this.#underWay)
    await this.#pool.end()
  }

  async #keepHouse(): Promise<void> {
    if (await this.#isInstalled()) {
      await this.#pool.query(`delete from net._http_response where created < now() - $1::interval`, [
        RESPONSE_TTL,
      ])
    }
    this.#wake()
  }

  /** The extension may be created at any time, by a migration. */
  async #isInstalled(): Promise<boolean> {
    const { rows } = await this.#pool.query<{ there: boolean }>(
      `select to_regclass('net.http_request_queue') is not null as there`,
    )
    return rows[0]?.there ?? false
  }

  #wake(): void {
    this.#lookAgain = true
    this.#taking ??= this.#takeAll()
      .catch((error: unknown) => {
        // Without the database there is nothing to take; the next connection looks again.
        this.#logger.debug(NAME, 'could not look at the queue', { error })
      })
      .finally(() => {
        this.#taking = undefined
        // A request that ended, or a notification that came, just now.
        if (this.#lookAgain && this.#free > 0 && !this.#abort.signal.aborted) this.#wake()
      })
  }

  get #free(): number {
    return this.#concurrency - this.#underWay.size
  }

  /** Takes as many as there are free places, until the queue is empty. */
  async #takeAll(): Promise<void> {
    while (this.#lookAgain && this.#free > 0 && !this.#abort.signal.aborted) {
      this.#lookAgain = false
      if (!(await this.#isInstalled())) return
      const wanted = this.#free
      const requests = await this.#take(wanted)
      if (requests.length === wanted) this.#lookAgain = true
      for (const request of requests) this.#start(request)
    }
  }

  async #take(count: number): Promise<QueuedRequest[]> {
    const { rows } = await this.#pool.query<QueueRow>(
      `delete from net.http_request_queue where id in (
        select id from net.http_request_queue order by id limit $1 for update skip locked
      ) returning id, method, url, headers, body, timeout_milliseconds`,
      [count],
    )
    return rows.map(parseRow).sort((one, other) => Number(BigInt(one.id) - BigInt(other.id)))
  }

  #start(request: QueuedRequest): void {
    const work = this.#perform(request).finally(() => {
      this.#underWay.delete(work)
      if (this.#lookAgain) this.#wake()
    })
    this.#underWay.add(work)
  }

  async #perform(request: QueuedRequest): Promise<void> {
    const outcome = await performRequest(request, this.#abort.signal)
    if (outcome.error !== null) {
      this.#logger.warn(NAME, outcome.error, { id: request.id, method: request.method, url: request.url })
    }
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#write(outcome)
        return
      } catch (error) {
        if (this.#abort.signal.aborted || !isWorthRetrying(error)) {
          this.#logger.warn(NAME, 'could not keep a response', { id: request.id, error })
          return
        }
        await pause(backoffDelay(attempt, WRITE_BACKOFF), this.#abort.signal)
      }
    }
  }

  async #write(outcome: RequestOutcome): Promise<void> {
    await this.#pool.query(
      `insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)
      values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        outcome.id,
        outcome.statusCode,
        outcome.contentType,
        outcome.headers,
        outcome.content,
        outcome.timedOut,
        outcome.error,
      ],
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
  const given = typeof headers === 'object' && headers !== null ? Object.entries(headers) : []
  return {
    id,
    method,
    url,
    headers: Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    body: body === null ? null : new Uint8Array(body),
    timeoutMs: timeout_milliseconds,
  }
}

/** SQLSTATE classes of a statement that can never succeed, e.g. because the extension was dropped meanwhile. */
function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError && /^(22|23|42)/.test(error.code ?? ''))
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    signal.addEventListener('abort', finish)
    if (signal.aborted) finish()
  })
}
