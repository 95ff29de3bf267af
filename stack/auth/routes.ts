/** Addresses of the Auth API, behind the gateway's `/auth/v1`, and the addresses of GoTrue that do not exist here. */

import type { Caller } from '../types.ts'
import { changeUserAsAdmin, createUser, deleteUser, listUsers, readUser } from './admin.ts'
import { requireAdmin } from './caller.ts'
import type { AuthContext } from './context.ts'
import { changeUser, getUser, logOut } from './current-user.ts'
import { type AuthError, authErrors } from './errors.ts'
import { deleteIdentity, linkIdentity } from './identities.ts'
import { generateLink, invite } from './invitations.ts'
import { reauthenticate, recover, resend } from './mail-requests.ts'
import {
  challengeFactor,
  deleteFactorAsAdmin,
  enrollFactor,
  listFactorsAsAdmin,
  unenrollFactor,
  verifyFactor,
} from './mfa.ts'
import { sendMagicLink, sendOtp } from './otp.ts'
import { publicSettings } from './settings.ts'
import { signUp } from './sign-up.ts'
import { grantToken } from './token.ts'
import { verifyByLink, verifyByPost } from './verify.ts'

interface Call {
  request: Request
  caller: Caller
  url: URL
  /** Path parameters of the route, e.g. a user's id; empty where the route has none. */
  first: string
  second: string
}

/** Returns a response, or the JSON of one with status 200. */
type Endpoint = (context: AuthContext, call: Call) => unknown

/** By path, then by method. `:` stands for one segment; of two paths that match, the first counts. */
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
  '/user/identities/authorize': {
    GET: (context, { request, caller }) => linkIdentity(context, request, caller),
  },
  '/user/identities/:': {
    DELETE: (context, { request, caller, first }) => deleteIdentity(context, request, caller, first),
  },
  '/factors': { POST: (context, { request, caller }) => enrollFactor(context, request, caller) },
  '/factors/:': {
    DELETE: (context, { request, caller, first }) => unenrollFactor(context, request, caller, first),
  },
  '/factors/:/challenge': {
    POST: (context, { request, caller, first }) => challengeFactor(context, request, caller, first),
  },
  '/factors/:/verify': {
    POST: (context, { request, caller, first }) => verifyFactor(context, request, caller, first),
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
  '/admin/users/:': {
    GET: admin((context, { first }) => readUser(context, first)),
    PUT: admin((context, { request, first }) => changeUserAsAdmin(context, request, first)),
    DELETE: admin(async (context, { request, first }) => {
      await deleteUser(context, request, first)
      return {}
    }),
  },
  '/admin/users/:/factors': { GET: admin((context, { first }) => listFactorsAsAdmin(context, first)) },
  '/admin/users/:/factors/:': {
    DELETE: admin((context, { first, second }) => deleteFactorAsAdmin(context, first, second)),
  },
}

/**
 * Addresses of GoTrue, with every path below them, whose parts do not exist here: the answers are those of a GoTrue where the
 * part is switched off.
 */
const DISABLED: Readonly<Record<string, () => AuthError>> = {
  '/.well-known/oauth-authorization-server': authErrors.oauthServerDisabled,
  '/admin/custom-providers': authErrors.customProvidersDisabled,
  '/admin/oauth': authErrors.oauthServerDisabled,
  '/admin/sso': authErrors.samlDisabled,
  '/admin/users/:/passkeys': authErrors.passkeysDisabled,
  '/authorize': authErrors.providerDisabled,
  '/callback': authErrors.noOAuthState,
  '/oauth': authErrors.oauthServerDisabled,
  '/passkeys': authErrors.passkeysDisabled,
  '/sso': authErrors.samlDisabled,
  '/user/oauth': authErrors.oauthServerDisabled,
}

/** Addresses of GoTrue that cannot be switched off there, and are answered 501 here. */
const ABSENT: readonly string[] = ['/.well-known/openid-configuration', '/admin/audit']

/** @throws AuthError for an address without an endpoint, and as the endpoint does */
export async function route(
  context: AuthContext,
  request: Request,
  caller: Caller,
  path: string,
): Promise<Response> {
  for (const [name, disabled] of Object.entries(DISABLED)) {
    if (matchPath(name, path, 'below') !== undefined) throw disabled()
  }
  if (ABSENT.includes(path)) throw authErrors.notImplemented(`${request.method} ${path}`)
  for (const [name, methods] of Object.entries(ROUTES)) {
    const parameters = matchPath(name, path, 'exact')
    if (parameters === undefined) continue
    const endpoint = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
    if (endpoint === undefined) throw authErrors.methodNotAllowed()
    const [first = '', second = ''] = parameters
    const url = new URL(request.url)
    const answer = await endpoint(context, { request, caller, first, second, url })
    return answer instanceof Response ? answer : Response.json(answer)
  }
  throw authErrors.notFound()
}

/** @returns the segments at the colons; undefined where the path does not match */
function matchPath(name: string, path: string, extent: 'exact' | 'below'): string[] | undefined {
  const [wanted, given] = [name.split('/'), path.split('/')]
  if (extent === 'exact' ? given.length !== wanted.length : given.length < wanted.length) return undefined
  const matches = wanted.every((segment, index) => segment === ':' || segment === given[index])
  return matches ? given.filter((_segment, index) => wanted[index] === ':') : undefined
}

function admin(endpoint: Endpoint): Endpoint {
  return async (context, call) => {
    await requireAdmin(context, call.request, call.caller)
    return endpoint(context, call)
  }
}
