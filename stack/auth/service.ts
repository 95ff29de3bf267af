/** The auth API: routes requests to their endpoints and turns errors into GoTrue's bodies. */

import { errorCode, isDatabaseUnavailable } from '../database-errors.ts'
import type { Caller, HttpService, Logger, StackKeys, Stoppable } from '../types.ts'
import { changeUserAsAdmin, createUser, deleteUser, listUsers, readUser } from './admin.ts'
import { requireAdmin } from './caller.ts'
import type { AuthContext } from './context.ts'
import { changeUser, getUser, logOut } from './current-user.ts'
import { openAuthDatabase } from './database.ts'
import { AuthError, authErrors } from './errors.ts'
import { createPasswords } from './passwords.ts'
import { type AuthSettings, DEFAULT_AUTH_SETTINGS, PUBLIC_SETTINGS } from './settings.ts'
import { signUp } from './sign-up.ts'
import { grantToken } from './token.ts'

export interface AuthOptions {
  /** Connects as the superuser; the service acts as `supabase_auth_admin`. */
  databaseUrl: string
  keys: StackKeys
  logger: Logger
  /** Claim `iss`, e.g. `http://127.0.0.1:54321/auth/v1`. A function, as the port may not be known yet. */
  issuer: string | (() => string)
  settings?: Partial<AuthSettings>
}

export interface AuthService extends HttpService, Stoppable {}

interface Call {
  request: Request
  caller: Caller
  url: URL
  /** Path parameter of the route, e.g. a user's id. */
  parameter: string
}

type Endpoint = (context: AuthContext, call: Call) => Promise<Response> | Response

/** Does not connect before the first request that needs to. */
export function createAuthService(options: AuthOptions): AuthService {
  const { databaseUrl, keys, logger, issuer } = options
  const settings = { ...DEFAULT_AUTH_SETTINGS, ...options.settings }
  const db = openAuthDatabase(databaseUrl, logger)
  const context: AuthContext = {
    db,
    keys,
    settings,
    passwords: createPasswords(settings),
    logger,
    issuer: typeof issuer === 'string' ? () => issuer : issuer,
  }
  return {
    async fetch(request, { caller, path }) {
      try {
        const { endpoint, parameter } = route(request.method, path)
        return await endpoint(context, { request, caller, parameter, url: new URL(request.url) })
      } catch (error) {
        return toAuthError(error, context.logger, path).toResponse(request)
      }
    },
    stop: () => db.close(),
  }
}

const ok = (body: unknown): Response => Response.json(body)

const admin =
  (endpoint: Endpoint): Endpoint =>
  async (context, call) => {
    await requireAdmin(context, call.request, call.caller)
    return endpoint(context, call)
  }

/** By path, then by method. `:id` stands for one segment. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  '/health': {
    GET: () =>
      ok({
        version: 'embedded',
        name: 'GoTrue',
        description: 'GoTrue is a user registration and authentication API',
      }),
  },
  '/.well-known/jwks.json': {
    GET: (context) =>
      Response.json(context.keys.jwks, { headers: { 'cache-control': 'public, max-age=600' } }),
  },
  '/settings': { GET: () => ok(PUBLIC_SETTINGS) },
  '/signup': { POST: async (context, { request }) => ok(await signUp(context, request)) },
  '/token': {
    POST: async (context, { request, url }) =>
      ok(await grantToken(context, request, url.searchParams.get('grant_type'))),
  },
  '/user': {
    GET: async (context, { request, caller }) => ok(await getUser(context, request, caller)),
    PUT: async (context, { request, caller }) => ok(await changeUser(context, request, caller)),
  },
  '/logout': {
    POST: async (context, { request, caller, url }) => {
      await logOut(context, request, caller, url.searchParams.get('scope'))
      return new Response(null, { status: 204 })
    },
  },
  '/admin/users': {
    GET: admin((context, { url }) => listUsers(context, url, url.pathname)),
    POST: admin(async (context, { request }) => ok(await createUser(context, request))),
  },
  '/admin/users/:id': {
    GET: admin(async (context, { parameter }) => ok(await readUser(context, parameter))),
    PUT: admin(async (context, { request, parameter }) =>
      ok(await changeUserAsAdmin(context, request, parameter)),
    ),
    DELETE: admin(async (context, { request, parameter }) => {
      await deleteUser(context, request, parameter)
      return ok({})
    }),
  },
}

const ADMIN_USER = /^\/admin\/users\/([^/]+)$/

function route(method: string, path: string): { endpoint: Endpoint; parameter: string } {
  const parameter = ADMIN_USER.exec(path)?.[1]
  const name = parameter === undefined ? path : '/admin/users/:id'
  const methods = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined
  if (methods === undefined) throw authErrors.notFound()
  const endpoint = Object.hasOwn(methods, method) ? methods[method] : undefined
  if (endpoint === undefined) throw authErrors.methodNotAllowed()
  return { endpoint, parameter: parameter ?? '' }
}

function toAuthError(error: unknown, logger: Logger, path: string): AuthError {
  if (error instanceof AuthError) return error
  if (isDatabaseUnavailable(error)) {
    logger.warn('auth', 'the database is unavailable', { path, code: errorCode(error) })
    return authErrors.unavailable()
  }
  logger.error('auth', 'a request failed', { path, error })
  return authErrors.unexpected()
}
