/**
 * Permissions on private channels: row level security of `realtime.messages`, tried as the caller.
 *
 *   read   a row of the topic and extension is inserted as the service and looked for as the caller
 *   write  such a row is inserted as the caller
 *
 * Both happen in a transaction that is rolled back, with `role`, `request.jwt.claims`, `request.headers` and
 * `realtime.topic` set as PostgREST and hosted Supabase set them.
 */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { isRecord } from '../../functions-shared/unknown.ts'
import { type Database, databaseFailure } from './database.ts'
import type { Claims } from './tokens.ts'

export type Extension = 'broadcast' | 'presence'

export interface AuthorizationRequest {
  /** Without the `realtime:` prefix. */
  topic: string
  claims: Claims
  headers: Readonly<Record<string, string>>
}

export interface ReadPermissions {
  broadcast: boolean
  /** Undefined when the request did not ask for presence. */
  presence: boolean | undefined
}

export interface Authorizer {
  /**
   * A policy that raises an error counts as a refusal.
   * @throws when the database is away or takes too long
   */
  mayRead(request: AuthorizationRequest, presence: boolean): Promise<ReadPermissions>
  /** @throws when the database is away or takes too long */
  mayWrite(request: AuthorizationRequest, extension: Extension): Promise<boolean>
}

const literal = pg.escapeLiteral

export function createAuthorizer(database: Database): Authorizer {
  return {
    async mayRead(request, presence) {
      const ids = { broadcast: randomUUID(), presence: randomUUID() }
      const extensions: Extension[] = presence ? ['broadcast', 'presence'] : ['broadcast']
      const rows = extensions.map((name) => `('${ids[name]}', ${literal(request.topic)}, '${name}')`)
      const visible = await refusable(
        // One round trip: the statements are fixed, the values escaped.
        database.probe(async (client) =>
          idsOf(
            await client.query(
              `begin;
               insert into realtime.messages (id, topic, extension) values ${rows.join(', ')};
               ${callerSettings(request)};
               select id from realtime.messages where id in ('${ids.broadcast}', '${ids.presence}')`,
            ),
          ),
        ),
        new Set<string>(),
      )
      return {
        broadcast: visible.has(ids.broadcast),
        presence: presence ? visible.has(ids.presence) : undefined,
      }
    },
    mayWrite(request, extension) {
      return refusable(
        database.probe(async (client) => {
          await client.query(
            `begin;
             ${callerSettings(request)};
             insert into realtime.messages (topic, extension)
             values (${literal(request.topic)}, '${extension}')`,
          )
          return true
        }),
        false,
      )
    },
  }
}

function callerSettings({ topic, claims, headers }: AuthorizationRequest): string {
  const settings = {
    role: claims.role,
    'realtime.topic': topic,
    'request.jwt.claims': JSON.stringify(claims),
    'request.jwt.claim.role': claims.role,
    'request.jwt.claim.sub': typeof claims.sub === 'string' ? claims.sub : '',
    'request.headers': JSON.stringify(headers),
  }
  const calls = Object.entries(settings).map(
    ([name, value]) => `set_config('${name}', ${literal(value)}, true)`,
  )
  return `select ${calls.join(', ')}`
}

/** The ids in the last result of several statements. */
function idsOf(results: unknown): Set<string> {
  const ids = new Set<string>()
  const last: unknown = Array.isArray(results) ? results.at(-1) : undefined
  const rows = isRecord(last) && Array.isArray(last.rows) ? last.rows : []
  for (const row of rows) if (isRecord(row) && typeof row.id === 'string') ids.add(row.id)
  return ids
}

async function refusable<T>(work: Promise<T>, refused: T): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (databaseFailure(error) === 'query') return refused
    throw error
  }
}
