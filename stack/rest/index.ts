/** The REST API over schema `public`, as PostgREST has it. No other part of the stack knows the library behind it. */

import { createPool } from '../database-pool.ts'
import type { DatabaseUrls, HttpService, Logger, Stoppable } from '../types.ts'
import { createConnection } from './connection.ts'
import { RestFailure } from './errors.ts'
import { loadLite } from './lite.ts'
import { answerOf, requestFor } from './routes.ts'
import { createSchemaCache } from './schema-cache.ts'
import { typesConfig } from './types.ts'

export interface RestOptions {
  /** `authenticator` serves requests; `admin` reads the schema and listens for its changes. */
  urls: Pick<DatabaseUrls, 'admin' | 'authenticator'>
  logger: Logger
  /** Database connections. Default 10. */
  poolSize?: number
  /** Most rows of one answer. Default 1000, as on hosted Supabase. */
  maxRows?: number
  /** Milliseconds that a request waits for a connection before it is answered 503 or 504. Default 5000. */
  acquireTimeoutMs?: number
}

export interface RestService extends HttpService, Stoppable {
  /**
   * Reads the schema again, e.g. after migrations, so that the next request does not wait for it.
   * `notify pgrst, 'reload schema'` makes the next request read it.
   * @throws RestFailure while the database is away
   */
  reloadSchema(): Promise<void>
}

const EXPOSED_SCHEMA = 'public'

export async function createRestService(options: RestOptions): Promise<RestService> {
  const { urls, logger } = options
  const lite = await loadLite()
  const cache = createSchemaCache({ lite, databaseUrl: urls.admin, schema: EXPOSED_SCHEMA, logger })
  const pool = createPool({
    url: urls.authenticator,
    name: 'rest',
    size: options.poolSize ?? 10,
    logger,
    ...(options.acquireTimeoutMs !== undefined && { connectTimeoutMs: options.acquireTimeoutMs }),
    types: typesConfig(cache.arrayTypes),
  })
  const { connection, asCaller } = createConnection({
    lite,
    databaseUrl: urls.authenticator,
    pool,
    cache,
    logger,
  })
  const app = new lite.App({
    connection,
    api: { enabled: true, schemas: [EXPOSED_SCHEMA], max_rows: options.maxRows ?? 1000 },
    auth: { enabled: false },
    storage: { enabled: false },
    studio: { enabled: false },
    options: { server: { apiKeys: false, disableStudio: true, disableFallback: true } },
  })
  return {
    async fetch(request, { caller, path }) {
      const call = { caller, method: request.method, path, headers: Object.fromEntries(request.headers) }
      try {
        const forwarded = await requestFor(request, path)
        const response = await asCaller(call, () => app.fetch(forwarded))
        return await answerOf(response, call, logger)
      } catch (error) {
        if (error instanceof RestFailure) return error.getResponse()
        throw error
      }
    },
    async reloadSchema() {
      cache.invalidate()
      await cache.get()
    },
    async stop() {
      await Promise.all([pool.end(), cache.close()])
    },
  }
}
