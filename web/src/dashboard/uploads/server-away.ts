/**
 * tus-js-client takes every HEAD request that fails as a sign that the upload is gone, and begins anew. A server that is
 * away for a moment still has the upload.
 */

import type { HttpRequest, HttpResponse } from 'tus-js-client'

/** For `onAfterResponse`. @throws Error for a server that is away; the client tries again, as after a lost connection. */
export function tryAgainWhileAway(request: HttpRequest, response: HttpResponse): void {
  if (request.getMethod() === 'HEAD' && response.getStatus() >= 500) throw new Error('the server is away')
}
