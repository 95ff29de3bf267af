/** Addresses of the Auth API, behind the gateway's `/auth/v1`, and the endpoints of GoTrue that do not exist here. */

import type { Caller } from '../types.ts'
import { changeUserAsAdmin, createUser, deleteUser, listUsers, readUser } from './admin.ts'
import { requireAdmin } from './caller.ts'
import type { AuthContext } from './context.ts'
import { changeUser, getUser, logOut } from './current-user.ts'
import { authErrors } from './errors.ts'
import { generateLink, invite } from './invitations.ts'
import { reauthenticate, recover, resend } from './mail-requests.ts'
import { sendMagicLink, sendOtp } from './otp.ts'
import { publicSettings } from './settings.ts'
import { signUp } from './sign-up.ts'
import { grantToken } from './token.ts'
import { verifyByLink, verifyByPost } from './verify.ts'

interface Call {
  request: Request
  caller: Caller
  url: URL
  /** Path parameter of the route, e.g. a user's id. */
  parameter: string
}

/** Returns a response, or the JSON of one with status 200. */
type Endpoint = (context: AuthContext, call: Call) => unknown

/** By path, then by method. `:id` stands for one segment. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  '/health': {
    GET: () => ({
      version: 'embedded',
      name: 'GoTrue',
      description: 'GoTrue is a user registration and authentication API',
    }),
  },
  '/.well-known/jwks.json': {
    GET: ({ keys }) => Response.json(keys.jwks, { headers: { 'cache-control': 'public, max-age=600' } }),
  },
  '/settings': { GET: ({ settings }) => publicSettings(settings) },
  '/signup': { POST: (context, { request }) => signUp(context, request) },
  '/token': {
    POST: (context, { request, url }) => grantToken(context, request, url.searchParams.get('grant_type')),
  },
  '/otp': { POST: (context, { request }) => sendOtp(context, request) },
  '/magiclink': { POST: (context, { request }) => sendMagicLink(context, request) },
  '/recover': { POST: (context, { request }) => recover(context, request) },
  '/resend': { POST: (context, { request }) => resend(context, request) },
  '/reauthenticate': {
    GET: (context, { request, caller }) => reauthenticate(context, request, caller),
  },
  '/verify': {
    GET: (context, { request }) => verifyByLink(context, request),
    POST: (context, { request }) => verifyByPost(context, request),
  },
  '/user': {
    GET: (context, { request, caller }) => getUser(context, request, caller),
    PUT: (context, { request, caller }) => changeUser(context, request, caller),
  },
  '/logout': {
    POST: async (context, { request, caller, url }) => {
      await logOut(context, request, caller, url.searchParams.get('scope'))
      return new Response(null, { status: 204 })
    },
  },
  '/invite': { POST: admin((context, { request }) => invite(context, request)) },
  '/admin/generate_link': { POST: admin((context, { request }) => generateLink(context, request)) },
  '/admin/users': {
    GET: admin((context, { url }) => listUsers(context, url)),
    POST: admin((context, { request }) => createUser(context, request)),
  },
  '/admin/users/:id': {
    GET: admin((context, { parameter }) => readUser(context, parameter)),
    PUT: admin((context, { request, parameter }) => changeUserAsAdmin(context, request, parameter)),
    DELETE: admin(async (context, { request, parameter }) => {
      await deleteUser(context, request, parameter)
      return {}
    }),
  },
}

/** Endpoints of GoTrue that are answered 501, with every path below them. */
const ABSENT: readonly string[] = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/admin/audit',
  '/admin/custom-providers',
  '/admin/oauth',
  '/admin/sso',
  '/admin/users/:id/factors',
  '/admin/users/:id/passkeys',
  '/authorize',
  '/callback',
  '/factors',
  '/oauth',
  '/passkeys',
  '/saml',
  '/sso',
  '/user/identities',
  '/user/oauth',
]

const USER_PATH = /^\/admin\/users\/([^/]+)/

/** @throws AuthError for an address without an endpoint, and as the endpoint does */
export async function route(
  context: AuthContext,
  request: Request,
  caller: Caller,
  path: string,
): Promise<Response> {
  const parameter = USER_PATH.exec(path)?.[1] ?? ''
  const name = path.replace(USER_PATH, '/admin/users/:id')
  if (ABSENT.some((absent) => name === absent || name.startsWith(`${absent}/`))) {
    throw authErrors.notImplemented(`${request.method} ${name}`)
  }
  const methods = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined
  if (methods === undefined) throw authErrors.notFound()
  const endpoint = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
  if (endpoint === undefined) throw authErrors.methodNotAllowed()
  const answer = await endpoint(context, { request, caller, parameter, url: new URL(request.url) })
  return answer instanceof Response ? answer : Response.json(answer)
}

function admin(endpoint: Endpoint): Endpoint {
  return async (context, call) => {
    await requireAdmin(context, call.request, call.caller)
    return endpoint(context, call)
  }
}
