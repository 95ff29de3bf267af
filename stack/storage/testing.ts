/** For tests: the storage service behind a gateway on a free port, with a database and a folder of its own. */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { createGateway } from '../gateway/index.ts'
import { generateKeys, mintToken } from '../keys/index.ts'
import { createMemoryLogger } from '../logger.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import type { StackKeys } from '../types.ts'
import { createStorageService } from './index.ts'

export interface StorageBench extends AsyncDisposable {
  readonly url: string
  readonly keys: StackKeys
  readonly database: TestDatabase
  readonly logger: ReturnType<typeof createMemoryLogger>
  /** As `service_role`. */
  readonly admin: SupabaseClient
  /** Without a user. */
  readonly anon: SupabaseClient
  user(id: string): Promise<SupabaseClient>
  /** Paths of the files of objects, of uploads that are arriving, or of resumable uploads. */
  files(folder?: 'objects' | 'incoming' | 'resumable'): Promise<string[]>
  /** Runs SQL as `postgres`, as a migration would. */
  sql<Row extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>
  /** Stops the service and starts another one on the same folder, as a restart of the stack does. */
  restart(): Promise<void>
}

export async function createStorageBench(options: { fileSizeLimit?: number } = {}): Promise<StorageBench> {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await createTestDatabase({ migrations: false }))
  const dir = await mkdtemp(join(tmpdir(), 'storage-test-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const keys = await generateKeys()
  const logger = createMemoryLogger()
  const start = () =>
    createStorageService({ databaseUrl: database.urls.authenticator, dir, keys, logger, ...options })
  let service = await start()
  stack.defer(() => service.stop())
  const gateway = await createGateway({ port: 0, keys, logger, services: { storage: service } })
  stack.defer(() => gateway.stop())
  const client = (key: string, token?: string): SupabaseClient =>
    createClient(gateway.url, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      ...(token !== undefined && { accessToken: () => Promise.resolve(token) }),
    })

  return {
    url: gateway.url,
    keys,
    database,
    logger,
    admin: client(keys.secretKey),
    anon: client(keys.publishableKey),
    user: async (id) =>
      client(
        keys.publishableKey,
        await mintToken(keys, { sub: id, role: 'authenticated', aud: 'authenticated' }),
      ),
    files: async (folder = 'objects') => {
      const entries = await readdir(join(dir, folder), { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    },
    sql: (text, values = []) =>
      withClient(database.urls.postgres, async (connection) => (await connection.query(text, values)).rows),
    restart: async () => {
      await service.stop()
      service = await start()
      gateway.mount({ storage: service })
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
