/** Transactions of the storage service. Each runs under one role, and row-level security decides. */

import pg from 'pg'
import { errorCode, isDatabaseUnavailable } from '../database-errors.ts'
import { createPool } from '../database-pool.ts'
import type { Caller, Logger } from '../types.ts'
import { StorageError } from './errors.ts'
import { Turns } from './turns.ts'

const POOL_SIZE = 10
/** Milliseconds. */
const CONNECT_TIMEOUT = 5_000
const STATEMENT_TIMEOUT = 30_000

/** For work that needs no permission of the caller, such as looking up a bucket or serving a signed URL. */
export const SERVICE: Caller = { role: 'service_role', claims: { role: 'service_role' } }

/** One transaction. */
export interface Transaction {
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  /** Statements from here on run under this caller's role and claims. */
  become(caller: Caller): Promise<void>
}

export interface TransactionOptions {
  /** The value of `storage.operation()` in policies, e.g. `storage.object.upload`. */
  operation: string
  /** Rolls back at the end: for finding out whether the caller may do something. Default false. */
  rollback?: boolean
  /** Transactions with the same key run one after the other, and take a connection when their turn has come. */
  turn?: string
}

export class StorageDatabase {
  readonly #pool: pg.Pool
  readonly #turns = new Turns()

  /** @param url connects as `authenticator`. */
  constructor(url: string, logger: Logger) {
    this.#pool = createPool({
      url,
      name: 'storage',
      size: POOL_SIZE,
      logger,
      connectTimeoutMs: CONNECT_TIMEOUT,
      settings: { statement_timeout: String(STATEMENT_TIMEOUT) },
    })
  }

  /** @throws StorageError for refusals of the database; other errors of `work` unchanged. */
  async transaction<Result>(
    caller: Caller,
    options: TransactionOptions,
    work: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const run = () => this.#run(caller, options, work)
    return options.turn === undefined ? run() : this.#turns.take(options.turn, run)
  }

  async #run<Result>(
    caller: Caller,
    { operation, rollback = false }: TransactionOptions,
    work: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.#pool.connect().catch((cause: unknown) => {
      throw new StorageError('DatabaseUnavailable', { cause })
    })
    let broken = false
    try {
      const transaction = new PgTransaction(client)
      await client.query('begin')
      await transaction.begin(caller, operation)
      const result = await work(transaction)
      await client.query(rollback ? 'rollback' : 'commit')
      return result
    } catch (error) {
      broken = await client.query('rollback').then(
        () => false,
        () => true, // the connection is lost, and its transaction with it
      )
      throw toStorageError(error)
    } finally {
      client.release(broken)
    }
  }

  end(): Promise<void> {
    return this.#pool.end()
  }
}

class PgTransaction implements Transaction {
  readonly #client: pg.PoolClient

  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  async begin(caller: Caller, operation: string): Promise<void> {
    await this.#client.query(
      `select set_config('storage.operation', $1, true), set_config('storage.allow_delete_query', 'true', true)`,
      [operation],
    )
    await this.become(caller)
  }

  async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.#client.query<Row>(sql, [...values])
    return rows
  }

  async become({ role, claims }: Caller): Promise<void> {
    await this.#client.query(
      `select set_config('role', $1, true),
        set_config('request.jwt.claims', $2, true),
        set_config('request.jwt.claim.sub', $3, true),
        set_config('request.jwt.claim.role', $1, true)`,
      [role, JSON.stringify({ ...claims, role }), claims.sub ?? ''],
    )
  }
}

/** PostgreSQL's messages for a refusal, which contain names of tables. */
const OF_POSTGRES = /^(new row violates|permission denied|must be)/

/** Maps errors by SQLSTATE. An error with another code is a fault of this service, and is logged. */
function toStorageError(error: unknown): unknown {
  if (error instanceof StorageError) return error
  if (isDatabaseUnavailable(error)) return new StorageError('DatabaseUnavailable', { cause: error })
  switch (errorCode(error)) {
    case '42501': // refused by a policy, a grant, or a trigger that raises a message
      return new StorageError('AccessDenied', {
        cause: error,
        ...(error instanceof pg.DatabaseError &&
          !OF_POSTGRES.test(error.message) && { message: error.message }),
      })
    case '55P03':
      return new StorageError('ResourceLocked', { cause: error })
    case '23505':
      return new StorageError('KeyAlreadyExists', { cause: error })
    case '23503':
      return new StorageError('RelatedResourceNotFound', { cause: error })
    case '22021': // a NUL character in a name
    case '22P05':
      return new StorageError('InvalidRequest', { cause: error })
    case 'PT429': // raised by a policy that counts, with a message
      return new StorageError('TooManyRequests', {
        cause: error,
        ...(error instanceof pg.DatabaseError && { message: error.message }),
      })
    case '57014':
      return new StorageError('DatabaseTimeout', { cause: error })
    default:
      return error
  }
}
