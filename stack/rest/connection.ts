/**
 * The database connection that `@supabase/lite` uses. Each request is one transaction under the caller's role, started
 * from `authenticator`. The schema comes from the cache, and errors are PostgREST's.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { PostgresConnection } from '@supabase/lite/postgres'
import type { Pool } from 'pg'
import type { Caller, Logger } from '../types.ts'
import { expectsOneRow, isNotOneObject } from './cardinality.ts'
import { encodeArguments, encodeRows } from './encode.ts'
import { databaseErrorResponse, errorResponse, RestFailure, unexpectedError } from './errors.ts'
import type { LiteModules } from './lite.ts'
import { pooledConnection } from './pooled-connection.ts'
import type { SchemaCache } from './schema-cache.ts'

/** One request. */
export interface Call {
  caller: Caller
  method: string
  /** Path within the service, e.g. `/rpc/claim_job`. */
  path: string
  headers: Readonly<Record<string, string>>
}

export interface ConnectionOptions {
  lite: LiteModules
  databaseUrl: string
  cache: SchemaCache
  logger: Logger
  /** Connects as `authenticator`. */
  pool: Pool
}

export interface RestConnection {
  connection: PostgresConnection
  /** Runs `work` with `connection` acting for the caller. */
  asCaller<T>(call: Call, work: () => Promise<T>): Promise<T>
}

type Transaction = Parameters<Parameters<PostgresConnection['withContext']>[1]>[0]

export function createConnection(options: ConnectionOptions): RestConnection {
  const { lite, cache, logger } = options
  const calls = new AsyncLocalStorage<Call>()

  class CallerConnection extends pooledConnection(lite) {
    override async introspect(): ReturnType<PostgresConnection['introspect']> {
      return (await cache.get()).introspection
    }

    /** The gateway has checked the caller; the library's reading of the headers is not used. */
    override async withContext<T>(_vars: unknown, work: (db: Transaction) => Promise<T>): Promise<T> {
      const call = calls.getStore()
      if (call === undefined) throw new Error('a query outside of a request')
      const readOnly = call.method === 'GET' || call.method === 'HEAD'
      const settings = settingsOf(call, (await cache.get()).roleSettings.get(call.caller.role))
      let refused: { value: T } | undefined
      const run = this.kysely.transaction().setAccessMode(readOnly ? 'read only' : 'read write')
      try {
        return await run.execute(async (tx: Transaction) => {
          await applySettings(tx, settings)
          const value = await work(tx)
          if (value instanceof Response && (await isRefusal(value, call))) {
            refused = { value }
            throw new Error('the request was refused')
          }
          return value
        })
      } catch (error) {
        if (refused !== undefined) return refused.value
        throw error
      }
    }

    override async onPostgrestAST(
      ...[ast]: Parameters<PostgresConnection['onPostgrestAST']>
    ): ReturnType<PostgresConnection['onPostgrestAST']> {
      const checked = await super.onPostgrestAST(ast)
      const schema = await this.introspect()
      const { function: name, args, from, values } = checked
      if (name !== undefined && args !== undefined && !Array.isArray(args)) {
        const fromQuery = calls.getStore()?.method !== 'POST'
        return { ...checked, args: encodeArguments({ name, args: { ...args }, fromQuery }, schema) }
      }
      if (from === undefined || values === undefined || values === null) return checked
      return { ...checked, values: encodeRows(values, from, schema) }
    }

    /** Called with the error of a request. Throws a {@link RestFailure}, which is the answer. */
    override normalizeDbError(error: unknown): unknown {
      throw error instanceof RestFailure ? error : this.#failureOf(error)
    }

    #failureOf(error: unknown): RestFailure {
      const call = calls.getStore()
      if (error instanceof lite.RelationNotFoundError) {
        const message = `Could not find the table '${error.schema}.${error.relation}' in the schema cache`
        return new RestFailure(errorResponse(404, { code: 'PGRST205', message }), error)
      }
      const response = databaseErrorResponse(error, call?.caller.role ?? 'anon')
      if (response !== undefined) return new RestFailure(response, error)
      if (error instanceof Error && isUserMistake(error)) {
        return new RestFailure(errorResponse(400, { code: 'PGRST100', message: error.message }), error)
      }
      logger.error('rest', 'request_failed', { path: call?.path, error })
      return new RestFailure(unexpectedError(), error)
    }
  }

  return {
    connection: new CallerConnection({ url: options.databaseUrl }, options.pool),
    asCaller: (call, work) => calls.run(call, work),
  }
}

/** A refused request must be rolled back. */
async function isRefusal(response: Response, call: Call): Promise<boolean> {
  return response.status >= 400 || (expectsOneRow(call) && (await isNotOneObject(response)))
}

/** Settings of the transaction, as PostgREST makes them. */
function settingsOf(
  call: Call,
  roleSettings: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  return new Map([
    ['search_path', 'public, extensions'],
    ...roleSettings,
    ['request.jwt.claims', JSON.stringify(call.caller.claims)],
    ['request.method', call.method],
    ['request.path', call.path],
    ['request.headers', JSON.stringify(call.headers)],
    ['response.status', ''],
    ['response.headers', ''],
    // Last, because the transaction has the caller's rights from here on.
    ['role', call.caller.role],
  ])
}

async function applySettings(tx: Transaction, settings: ReadonlyMap<string, string>): Promise<void> {
  await tx
    .selectNoFrom((build) =>
      [...settings].map(([name, value], index) =>
        build.fn('set_config', [build.val(name), build.val(value), build.val(true)]).as(`s${index}`),
      ),
    )
    .execute()
}

/** The library throws plain errors for mistakes in a query. */
const USER_MISTAKES: readonly RegExp[] = [
  /Unknown operator/,
  /Unsupported operator/,
  /Expected identifier/,
  /Invalid filter/,
  /Unexpected input/,
  /failed to parse (filter|logic tree)/,
  /^Expected .* at position \d+$/,
  /^Expected "\(" for spread embed/,
]

function isUserMistake(error: Error): boolean {
  return USER_MISTAKES.some((pattern) => pattern.test(error.message))
}
