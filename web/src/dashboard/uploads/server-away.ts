/** tus-js-client takes any HEAD that fails for a lost upload, and begins anew. A server that is away still has it. */

import type { HttpRequest, HttpResponse } from 'tus-js-client'

/** For `onAfterResponse`. @throws Error that is tried again, like a lost connection. */
export function tryAgainWhileAway(request: HttpRequest, response: HttpResponse): void {
  if (request.getMethod() === 'HEAD' && response.getStatus() >= 500) throw new Error('the server is away')
}
