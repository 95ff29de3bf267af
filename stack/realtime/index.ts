/**
 * Supabase Realtime's protocol on one machine.
 *
 *   clients -> upgrade -> socket -> join -> channel -> hub -> subscribers
 *   PostgreSQL -> logical replication -------------------^
 *   HTTP -> /api/broadcast ------------------------------^
 */

import type { JSONWebKeySet } from 'jose'
import type { DatabaseUrls, HttpService, Logger, Stoppable, UpgradeService } from '../types.ts'
import { keyReader, type RealtimeKeys } from './api-keys.ts'
import { createAuthorizer } from './authorize.ts'
import type { RealtimeContext } from './context.ts'
import { openDatabase } from './database.ts'
import { createDirectAccess, type DirectAccess } from './direct.ts'
import { DropLog } from './drop-log.ts'
import { EventBudgets } from './event-budgets.ts'
import { Hub } from './hub.ts'
import { watchIdleSockets } from './idle.ts'
import { RateCounter } from './limits.ts'
import { maintainPartitions } from './maintenance.ts'
import { ChangeEngine } from './postgres-changes/engine.ts'
import { PresenceRegistry } from './presence.ts'
import { broadcastRow, MESSAGES_PUBLICATION } from './replication/messages.ts'
import { ReplicationStream } from './replication/stream.ts'
import { route } from './routes.ts'
import { DEFAULT_SETTINGS, type RealtimeSettings } from './settings.ts'
import { createTokenVerifier } from './tokens.ts'
import { createUpgrader } from './upgrade.ts'

export type { RealtimeSettings } from './settings.ts'

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
  /** Resolves once broadcasts from the database flow. Never rejects: the connection is tried again until then. */
  readonly ready: Promise<void>
  /** Whether broadcasts from the database flow now. */
  readonly replicationConnected: boolean
  /** The same server without a gateway's part. */
  readonly direct: DirectAccess
  /** Changes settings while the server runs; the counters of all limits begin anew. */
  configure(settings: Partial<RealtimeSettings>): void
  /** Asks every client to reconnect: a system message, then close code 1012. */
  disconnectAll(): void
}

/** How long clients may take to confirm that the server stops, ms. */
const STOP_GRACE_MS = 500

/** Longer than any server runs, and still a delay that timers take. */
const LONG_MS = 2_000_000_000

/** Starts at once; the database is connected to as soon as it answers. */
export function createRealtime(options: RealtimeOptions): Realtime {
  const { logger } = options
  const now = options.now ?? Date.now
  const settings: RealtimeSettings = { ...DEFAULT_SETTINGS, ...options.settings }
  const database = openDatabase(options.db.admin, settings, logger)
  const hub = new Hub()
  const budgets = new EventBudgets(settings, now)
  const drops = new DropLog(logger)
  const counter = (limit: () => number) => new RateCounter(limit, () => settings.rateTickMs, now)
  const rates = {
    joins: counter(() => settings.maxJoinsPerSecond),
    presence: counter(() => settings.maxPresenceEventsPerSecond),
  }
  const replication = new ReplicationStream({
    url: options.db.admin,
    publication: MESSAGES_PUBLICATION,
    logger,
    onMessage: (message) => broadcastRow({ hub, budgets, drops, settings }, message),
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
    budgets,
    rates,
    drops,
    sockets: new Set(),
    users: new Set(),
  }
  const keys = keyReader(options.keys)
  const upgrader = createUpgrader(context, keys)
  const direct = createDirectAccess(context)
  replication.start()
  const stopMaintenance = maintainPartitions(context)
  const stopIdleWatch = watchIdleSockets(context)
  let stopping: Promise<void> | undefined

  return {
    ready: replication.whenConnected(LONG_MS).then(() => undefined),
    get replicationConnected() {
      return replication.connected
    },
    direct,
    upgrade: upgrader.upgrade,
    fetch: (request, { path }) => route(context, request, encodedPath(request, path), keys),
    configure(changes) {
      Object.assign(settings, changes)
      for (const counter of [budgets, rates.joins, rates.presence]) counter.reset()
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
        drops.stop()
      })()
      return stopping
    },
  }
}

/** The path as it stands in the URL: an encoded slash belongs to a topic. */
function encodedPath(request: Request, path: string): string {
  const { pathname } = new URL(request.url)
  const start = pathname.indexOf('/api/')
  return start === -1 ? path : pathname.slice(start)
}
