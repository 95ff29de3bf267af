/** The REST API over schema `public`, as PostgREST has it. */

import { createPool } from '../database-pool.ts'
import { isTooDeep } from '../json.ts'
import type { DatabaseUrls, HttpService, Logger, Stoppable } from '../types.ts'
import { asOneObject } from './cardinality.ts'
import { createConnection, promisesOneRow } from './connection.ts'
import { errorResponse, RestFailure, unexpectedError } from './errors.ts'
import { loadLite } from './lite.ts'
import { createSchemaCache } from './schema-cache.ts'
import { typesConfig } from './types.ts'

export interface RestOptions {
  /** `authenticator` serves requests; `admin` reads the schema and hears of its changes. */
  urls: Pick<DatabaseUrls, 'admin' | 'authenticator'>
  logger: Logger
  /** Database connections. Default 10. */
  poolSize?: number
  /** Most rows of one answer. Default 1000, as on hosted Supabase. */
  maxRows?: number
  /** Milliseconds a request waits for a connection before it is answered 503 or 504. Default 5000. */
  acquireTimeoutMs?: number
}

export interface RestService extends HttpService, Stoppable {
  /**
   * Reads the schema again, e.g. after migrations, so that the next request need not wait for it.
   * `notify pgrst, 'reload schema'` makes the next request read it.
   * @throws RestFailure while the database cannot be asked.
   */
  reloadSchema(): Promise<void>
}

const EXPOSED_SCHEMA = 'public'
const PREFIX = '/rest/v1'
/** The library checks tokens of its own kind; ours are checked before a request gets here. */
const HANDLED_HEADERS: readonly string[] = ['authorization', 'apikey', 'origin']

/** Does not connect before the first request. */
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
      const headers = Object.fromEntries(request.headers)
      const call = { caller, method: request.method, path, headers }
      try {
        const forwarded = await forLibrary(request, path)
        const response = await asCaller(call, () => app.fetch(forwarded))
        const settled = await withoutInternals(response, logger, path)
        return promisesOneRow(call) ? await asOneObject(settled) : settled
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

/** @throws RestFailure `PGRST102` for JSON that is nested so deeply that the library or the database would overflow. */
async function forLibrary(request: Request, path: string): Promise<Request> {
  const url = new URL(request.url)
  url.pathname = `${PREFIX}${path}`
  if (url.searchParams.has('apikey')) url.searchParams.delete('apikey')
  const headers = new Headers(request.headers)
  for (const name of HANDLED_HEADERS) headers.delete(name)
  const { method } = request
  if (request.body === null) return new Request(url, { method, headers })
  if (!(headers.get('content-type') ?? 'json').includes('json')) {
    return new Request(url, { method, headers, body: request.body, duplex: 'half' })
  }
  // The library reads the whole body in any case.
  const body = await request.text()
  if (isTooDeep(body)) {
    throw new RestFailure(errorResponse(400, { code: 'PGRST102', message: 'Empty or invalid json' }))
  }
  return new Request(url, { method, headers, body })
}

/** The library answers what it did not foresee with the error's text; that belongs in the log. */
async function withoutInternals(response: Response, logger: Logger, path: string): Promise<Response> {
  if (response.status === 404 && !isJson(response)) {
    return errorResponse(404, { code: 'PGRST125', message: 'Invalid path specified in request URL' })
  }
  if (response.status !== 500) return response
  const body = await response.clone().text()
  if (isJson(response) && !body.includes('"SUP"')) return response
  logger.error('rest', 'a request failed', { path, body })
  return unexpectedError()
}

function isJson(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').includes('json')
}
