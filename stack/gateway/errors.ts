/** The gateway's own answers. A refused token is answered in the form of the service that was called. */

import type { AppError } from '../../functions-shared/app-error.ts'
import type { AccessFailure } from './access.ts'
import type { ServiceName } from './services.ts'

export function refusal(failure: AccessFailure, service: ServiceName): Response {
  switch (failure) {
    case 'no_key':
      return json(401, {
        message: 'No API key found in request',
        hint: 'No `apikey` request header or url param was found.',
      })
    case 'invalid_key':
      return json(401, {
        message: 'Invalid API key',
        hint: 'Double check the API key; `npm start` prints the keys of this stack.',
      })
    case 'secret_key_in_browser':
      return json(401, {
        message: 'Forbidden use of secret API key in browser',
        hint: 'Secret API keys can only be used in a protected environment; use the publishable key in a browser.',
      })
    default:
      return refusedToken(failure === 'expired', service)
  }
}

function refusedToken(expired: boolean, service: ServiceName): Response {
  if (service === 'rest') {
    const message = expired ? 'JWT expired' : 'No suitable key or wrong key type'
    const details = expired ? null : 'None of the keys was able to decode the JWT'
    return json(
      401,
      { code: expired ? 'PGRST303' : 'PGRST301', details, hint: null, message },
      { 'www-authenticate': `Bearer error="invalid_token", error_description="${message}"` },
    )
  }
  if (service === 'storage') {
    const message = expired ? '"exp" claim timestamp check failed' : 'signature verification failed'
    return json(400, { statusCode: '403', error: 'Unauthorized', message })
  }
  return json(401, { message: expired ? 'The token has expired' : 'The token is invalid' })
}

export const notFound = (): Response => json(404, { message: 'There is nothing at this address' })

export const coded = (error: AppError): Response => json(error.status, error)

export const bodyTooLarge = (limit: number): Response =>
  json(413, { message: `The request body is larger than ${limit} bytes` })

export const serviceNotRunning = (service: string): Response =>
  json(503, { message: `The ${service} service is not running` }, { 'retry-after': '1' })

export const unexpected = (requestId: string): Response =>
  json(500, { message: 'An unexpected error occurred', request_id: requestId })

/** Every page may read the gateway's errors: without CORS headers a browser hides them. */
function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { 'access-control-allow-origin': '*', ...headers } })
}
