/**
 * Maps addresses to services. A request passes these checks on its way:
 *
 *   request ─> preflight? ─> service there? ─> API key and token ─> size of the body ─> service
 *
 * Functions check keys, answer preflights and set CORS headers themselves, as on hosted Supabase.
 */

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { AppError } from '../../functions-shared/app-error.ts'
import type { Caller, HttpService, Logger } from '../types.ts'
import { ANONYMOUS, type CheckAccess, isTokenFailure } from './access.ts'
import { bodyTooLarge, coded, notFound, refusal, serviceNotRunning, unexpected } from './errors.ts'
import { SERVICE_NAMES, SERVICE_RULES, type ServiceName } from './services.ts'

/** Every origin, no cookies. */
const corsHeaders = cors({
  origin: '*',
  allowMethods: ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', 'OPTIONS'],
  maxAge: 3600,
  exposeHeaders: [
    'content-encoding',
    'content-length',
    'content-location',
    'content-profile',
    'content-range',
    'content-type',
    'date',
    'etag',
    'link',
    'location',
    'preference-applied',
    'range-unit',
    'sb-request-id',
    'tus-extension',
    'tus-max-size',
    'tus-resumable',
    'tus-version',
    'upload-expires',
    'upload-length',
    'upload-metadata',
    'upload-offset',
    'x-supabase-api-version',
    'x-total-count',
  ],
})

/** Resumable uploads answer an OPTIONS request that is no preflight. */
const withCors: MiddlewareHandler = (c, next) => {
  const isPlainOptions = c.req.method === 'OPTIONS' && !c.req.header('access-control-request-method')
  return isPlainOptions ? next() : corsHeaders(c, next)
}

interface GatewayEnv {
  Bindings: { requestId: string }
  Variables: { caller: Caller }
}

export interface RoutesOptions {
  service(name: ServiceName): HttpService | undefined
  checkAccess: CheckAccess
  logger: Logger
}

export function createRoutes({ service, checkAccess, logger }: RoutesOptions): Hono<GatewayEnv> {
  // The path stays encoded: services decode it, and the name of an object may contain an encoded slash.
  const app = new Hono<GatewayEnv>({ getPath: (request) => new URL(request.url).pathname })
  app.use(async (c, next) => {
    if (!c.req.path.startsWith('/functions/v1')) return withCors(c, next)
    await next()
  })
  for (const name of SERVICE_NAMES) {
    const { bodyLimit: maxSize, isOpen } = SERVICE_RULES[name]
    const prefix = `/${name}/v1`
    const pathOf = (c: Context): string => c.req.path.slice(prefix.length) || '/'
    const admit: MiddlewareHandler<GatewayEnv> = async (c, next) => {
      if (service(name) === undefined) return serviceNotRunning(name)
      c.set('caller', ANONYMOUS)
      if (isOpen(c.req.method, pathOf(c))) return next()
      const access = await checkAccess(c.req.raw)
      if (access.ok) c.set('caller', access.caller)
      // Auth has answers of its own to a bad user token, and sees such a call as an anonymous one.
      else if (name !== 'auth' || !isTokenFailure(access.failure)) return refusal(access.failure, name)
      return next()
    }
    const limit: MiddlewareHandler[] =
      maxSize === undefined ? [] : [bodyLimit({ maxSize, onError: () => bodyTooLarge(maxSize) })]
    app.all(`${prefix}/*`, admit, ...limit, (c) => {
      const { caller } = c.var
      return service(name)?.fetch(c.req.raw, { caller, path: pathOf(c) }) ?? serviceNotRunning(name)
    })
  }
  app.notFound(notFound)
  app.onError((error, c) => {
    if (c.req.raw.signal.aborted) return new Response(null, { status: 499 })
    const { requestId } = c.env
    const source = c.req.path.split('/', 2)[1] ?? 'gateway'
    if (error instanceof AppError) {
      logger.warn(source, `${c.req.method} ${c.req.path} failed`, { requestId, error })
      return coded(error)
    }
    logger.error(source, `${c.req.method} ${c.req.path} failed`, { requestId, error })
    return unexpected(requestId)
  })
  return app
}
