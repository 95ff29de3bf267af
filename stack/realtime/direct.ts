/**
 * The server without a gateway before it, for recordings that were made so. Keys of the new kind mean nothing, and the
 * first label of `Host` names the project, as on a cluster that serves many.
 */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { NO_KEYS } from './api-keys.ts'
import type { RealtimeContext } from './context.ts'
import { UPGRADE_REFUSAL } from './errors.ts'
import { json, text } from './http-answers.ts'
import { route } from './routes.ts'
import { createUpgrader, refuse } from './upgrade.ts'

export interface DirectAccess {
  /** `/socket/websocket` */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** `/api/...`, `/healthcheck` */
  fetch(request: Request): Promise<Response>
}

/** Name of the only project. */
const PROJECT = 'realtime-dev'

export function createDirectAccess(context: RealtimeContext): DirectAccess & { close(): void } {
  const upgrader = createUpgrader(context, NO_KEYS)
  return {
    upgrade(request, socket, head) {
      if (isProject(request.headers.host)) upgrader.upgrade(request, socket, head)
      else refuse(socket, UPGRADE_REFUSAL.unknownProject)
    },
    async fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/healthcheck') return text(200, 'ok')
      if (isProject(request.headers.get('host'))) return route(context, request, pathname, NO_KEYS)
      return json(401, { message: 'Tenant not found in database' })
    },
    close: () => upgrader.close(),
  }
}

function isProject(host: string | null | undefined): boolean {
  return host?.split(/[.:]/)[0] === PROJECT
}
