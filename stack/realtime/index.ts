/**
 * Supabase Realtime's protocol on one machine.
 *
 *   clients -> upgrade -> socket -> channel -> hub -> subscribers
 *   PostgreSQL -> logical replication -----------^
 *   HTTP -> /api/broadcast ----------------------^
 */

import type { JSONWebKeySet } from 'jose'
import type { DatabaseUrls, HttpService, Logger, Stoppable, UpgradeService } from '../types.ts'
import { type RealtimeKeys, tokenOfKey } from './api-keys.ts'
import { createAuthorizer } from './authorize.ts'
import { Hub } from './broadcast.ts'
import type { RealtimeContext } from './context.ts'
import { openDatabase } from './database.ts'
import { createDirectAccess, type DirectAccess } from './direct.ts'
import { handleHttp } from './http.ts'
import { watchIdleSockets } from './idle.ts'
import { RateCounter } from './limits.ts'
import { maintainPartitions } from './maintenance.ts'
import { ChangeEngine } from './postgres-changes/engine.ts'
import { PresenceRegistry } from './presence.ts'
import { broadcastRow, MESSAGES_PUBLICATION } from './replication/messages.ts'
import { ReplicationStream } from './replication/stream.ts'
import { DEFAULT_SETTINGS, type RealtimeSettings } from './settings.ts'
import { createTokenVerifier } from './tokens.ts'
import { createUpgrader } from './upgrade.ts'

export type { RealtimeSettings } from './settings.ts'
export { DEFAULT_SETTINGS } from './settings.ts'

export interface RealtimeOptions {
  db: DatabaseUrls
  keys: RealtimeKeys
  /** Public keys that sign users' tokens. */
  jwks: JSONWebKeySet
  logger: Logger
  /** Overrides of {@link DEFAULT_SETTINGS}. */
  settings?: Partial<RealtimeSettings>
  /** Milliseconds since 1970; the clock of tokens and limits. */
  now?: () => number
}

export interface Realtime extends UpgradeService, HttpService, Stoppable {
  /** Resolves once broadcasts from the database flow; never rejects, because it keeps trying. */
  readonly ready: Promise<void>
  /** Whether broadcasts from the database flow now. */
  readonly replicationConnected: boolean
  /** The same server without what a gateway adds. */
  readonly direct: DirectAccess
  /** Changes limits while it runs; their counters begin anew. */
  configure(settings: Partial<RealtimeSettings>): void
  /** Asks every client to reconnect: a system message, then close code 1012. */
  disconnectAll(): void
}

/** Starts at once; a database that is away is waited for. */
export function createRealtime(options: RealtimeOptions): Realtime {
  const { logger } = options
  const now = options.now ?? Date.now
  const settings: RealtimeSettings = { ...DEFAULT_SETTINGS, ...options.settings }
  const database = openDatabase(options.db.admin, settings, logger)
  const hub = new Hub()
  const rates = {
    events: new RateCounter(
      () => settings.maxEventsPerSecond,
      () => settings.rateTickMs,
      now,
    ),
    joins: new RateCounter(
      () => settings.maxJoinsPerSecond,
      () => settings.rateTickMs,
      now,
    ),
    presence: new RateCounter(
      () => settings.maxPresenceEventsPerSecond,
      () => settings.rateTickMs,
      now,
    ),
  }
  const replication = new ReplicationStream({
    url: options.db.admin,
    publication: MESSAGES_PUBLICATION,
    logger,
    onMessage: (message) => broadcastRow({ hub, logger, rates, settings }, message),
  })
  const changes = new ChangeEngine({ url: options.db.admin, database, logger })
  const context: RealtimeContext = {
    settings,
    stopping: false,
    logger,
    now,
    tokens: createTokenVerifier({ jwks: options.jwks, now }),
    database,
    authorizer: createAuthorizer(database),
    hub,
    presence: new PresenceRegistry(hub),
    replication,
    changes,
    rates,
    sockets: new Set(),
    users: new Set(),
  }
  const tokenOf = (key: string) => tokenOfKey(options.keys, key)
  const upgrader = createUpgrader(context, tokenOf)
  const direct = createDirectAccess(context)
  replication.start()
  const stopMaintenance = maintainPartitions(context)
  const stopIdleWatch = watchIdleSockets(context)
  let stopping: Promise<void> | undefined

  return {
    ready: untilConnected(replication),
    get replicationConnected() {
      return replication.connected
    },
    direct,
    upgrade: upgrader.upgrade,
    async fetch(request, { path }) {
      if (path.startsWith('/websocket')) {
        // As bytes, so that no content type is added.
        return new Response(Buffer.from(NOT_AN_UPGRADE), { status: 400 })
      }
      return handleHttp(context, request, rawPath(request, path), tokenOf)
    },
    configure(changes) {
      Object.assign(settings, changes)
      for (const rate of Object.values(rates)) rate.reset()
    },
    disconnectAll() {
      for (const socket of context.sockets) socket.askToReconnect()
    },
    stop() {
      stopping ??= (async () => {
        context.stopping = true
        stopMaintenance()
        stopIdleWatch()
        upgrader.close()
        direct.close()
        await Promise.all([...context.sockets].map((socket) => socket.drain(STOP_GRACE_MS)))
        await Promise.all([replication.stop(), changes.stop()])
        await database.stop()
      })()
      return stopping
    },
  }
}

/** The path as it stands in the URL: an encoded slash belongs to a topic. */
function rawPath(request: Request, path: string): string {
  const { pathname } = new URL(request.url)
  const start = pathname.indexOf('/api/')
  return start === -1 ? path : pathname.slice(start)
}

const NOT_AN_UPGRADE = `'connection' header must contain 'upgrade', got ["keep-alive"]`

/** How long clients may take to hear that the server stops. */
const STOP_GRACE_MS = 500

const LONG_MS = 2_000_000_000

async function untilConnected(replication: ReplicationStream): Promise<void> {
  await replication.whenConnected(LONG_MS)
}
