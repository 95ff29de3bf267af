/**
 * The server without a gateway before it: keys of the new kind mean nothing, and the first label of `Host` names the
 * project, as on a cluster that serves many.
 */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RealtimeContext } from './context.ts'
import { handleHttp } from './http.ts'
import { createUpgrader, refuse } from './upgrade.ts'

export interface DirectAccess {
  /** `/socket/websocket` */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** `/api/...`, `/healthcheck` */
  fetch(request: Request): Promise<Response>
}

/** Name of the only project. */
const PROJECT = 'realtime-dev'

const asItIs = (key: string) => key

export function createDirectAccess(context: RealtimeContext): DirectAccess & { close(): void } {
  const upgrader = createUpgrader(context, asItIs)
  return {
    upgrade(request, socket, head) {
      if (isProject(request.headers.host)) upgrader.upgrade(request, socket, head)
      else refuse(socket, { status: 404, message: 'Tenant not found' })
    },
    async fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/healthcheck')
        return new Response('ok', { headers: { 'content-type': 'text/plain; charset=utf-8' } })
      if (!isProject(request.headers.get('host') ?? undefined)) {
        return Response.json(
          { message: 'Tenant not found in database' },
          {
            status: 401,
            headers: { 'content-type': 'application/json; charset=utf-8' },
          },
        )
      }
      return handleHttp(context, request, pathname, asItIs)
    },
    close: () => upgrader.close(),
  }
}

function isProject(host: string | undefined): boolean {
  return host?.split(/[.:]/)[0] === PROJECT
}
