/** The embedded server as a target: a database and a server of its own for every recording. */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { generateKeys } from '../../keys/index.ts'
import type { DatabaseUrls } from '../../types.ts'
import type { Realtime, RealtimeSettings } from '../index.ts'
import { parseJson } from '../protocol/serializer.ts'
import { startTestServer } from '../testing/server.ts'
import { ReplayClock } from './clock.ts'
import { mintWithKey } from './mint.ts'
import type { HttpRequest } from './recording.ts'
import { openSqlSession } from './sql.ts'
import type { Target } from './target.ts'

/** The real server's behaviour, with a shorter wait for silent clients: the recording waits a whole minute. */
const SETTINGS: Partial<RealtimeSettings> = { idleTimeoutMs: 10_000, publicBroadcasts: 'allow' }

export interface EmbeddedOptions {
  db: DatabaseUrls
  /** Tables, triggers and policies that the recordings use. */
  setupSql: string
  /** Called last on disposal. */
  dispose: () => PromiseLike<void>
}

export async function embeddedTarget(options: EmbeddedOptions): Promise<Target & AsyncDisposable> {
  const { db } = options
  const session = openSqlSession((role) => (role === 'supabase_admin' ? db.admin : db.postgres))
  const setup = await session.run('postgres', options.setupSql, [])
  if (setup.error) throw new Error(`setup.sql failed: ${setup.error.message}`)
  const keys = await generateKeys()
  const clock = new ReplayClock(Date.now())
  const server = await startTestServer(db, { keys, settings: SETTINGS, now: () => clock.now() })
  return {
    gateway: server.url,
    direct: server.url,
    publishableKey: keys.publishableKey,
    mint: await mintWithKey(keys.signingKey),
    follow: (at) => clock.follow(at),
    sql: session.run,
    operate: async (request) => operate(server.realtime, request),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await session[Symbol.asyncDispose]()
      await options.dispose()
    },
  }
}

/** The parts of the real server's tenant interface that the recordings use, on this server's own controls. */
async function operate(realtime: Realtime, request: HttpRequest): Promise<{ status: number }> {
  if (request.path.endsWith('/reload')) {
    realtime.disconnectAll()
    return { status: 204 }
  }
  if (request.method === 'PUT') {
    const body = parseJson(request.body?.toString() ?? '')
    const tenant = isRecord(body) && isRecord(body.tenant) ? body.tenant : {}
    const settings = settingsOf(tenant)
    if (!settings) return { status: 422 }
    realtime.configure(settings)
  }
  return { status: 200 }
}

const SETTING_OF: Readonly<Record<string, keyof RealtimeSettings>> = {
  max_concurrent_users: 'maxConcurrentUsers',
  max_channels_per_client: 'maxChannelsPerClient',
  max_events_per_second: 'maxEventsPerSecond',
  max_joins_per_second: 'maxJoinsPerSecond',
  max_presence_events_per_second: 'maxPresenceEventsPerSecond',
  max_payload_size_in_kb: 'maxPayloadKb',
  max_client_presence_events_per_window: 'clientPresenceMaxCalls',
  client_presence_window_ms: 'clientPresenceWindowMs',
  presence_enabled: 'presenceEnabled',
  private_only: 'privateOnly',
  suspend: 'suspended',
}

/** @returns undefined when a setting has no counterpart */
function settingsOf(tenant: Record<string, unknown>): Partial<RealtimeSettings> | undefined {
  const settings: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(tenant)) {
    const setting = SETTING_OF[name]
    if (!setting) return undefined
    settings[setting] = value
  }
  return settings
}
