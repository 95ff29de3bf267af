/** Cross-origin rules of Supabase's gateway: every origin, no cookies. */

const METHODS = 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS'

/** For preflights that name no headers. */
const DEFAULT_ALLOWED_HEADERS = 'authorization,apikey,content-type,prefer,range,x-client-info,x-upsert'

const EXPOSED_HEADERS = [
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
].join(',')

/** On every answer, errors included: without them a browser would hide the error from the page. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED_HEADERS,
}

export function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
}

export function preflightResponse(request: Request): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers':
        request.headers.get('access-control-request-headers') ?? DEFAULT_ALLOWED_HEADERS,
      'access-control-max-age': '3600',
      vary: 'Access-Control-Request-Headers',
    },
  })
}
