/** For tests: gateway, auth and REST over a database of their own, and supabase-js clients that speak to them. */

import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { type AuthSettings, createAuthService } from '../auth/index.ts'
import { generateKeys } from '../keys/index.ts'
import { createMemoryLogger } from '../logger.ts'
import { createRestService, type RestService } from '../rest/index.ts'
import { createTestDatabase, type TestDatabase } from '../testing/database.ts'
import type { StackKeys } from '../types.ts'
import { createGateway, type Gateway } from './index.ts'

export interface TestApi extends AsyncDisposable {
  readonly database: TestDatabase
  readonly gateway: Gateway
  readonly rest: RestService
  readonly keys: StackKeys
  readonly logger: ReturnType<typeof createMemoryLogger>
  /** A client of its own session, by default with the publishable key. */
  client(key?: string): SupabaseClient
  admin(): SupabaseClient
}

/** The cost of hashing passwords is low: tests hash many. */
export async function startTestApi(
  options: { auth?: Partial<AuthSettings>; poolSize?: number } = {},
): Promise<TestApi> {
  const database = await createTestDatabase()
  const keys = await generateKeys()
  const logger = createMemoryLogger()
  const gateway = await createGateway({ port: 0, keys, logger })
  const auth = createAuthService({
    databaseUrl: database.urls.admin,
    keys,
    logger,
    issuer: `${gateway.url}/auth/v1`,
    settings: { bcryptCost: 4, ...options.auth },
  })
  const rest = await createRestService({
    urls: database.urls,
    logger,
    ...(options.poolSize !== undefined && { poolSize: options.poolSize }),
  })
  gateway.mount({ auth, rest })
  const client = (key: string = keys.publishableKey): SupabaseClient =>
    createClient(gateway.url, key, { auth: { autoRefreshToken: false, persistSession: false } })
  return {
    database,
    gateway,
    rest,
    keys,
    logger,
    client,
    admin: () => client(keys.secretKey),
    async [Symbol.asyncDispose]() {
      await gateway.stop()
      await Promise.all([rest.stop(), auth.stop()])
      await database[Symbol.asyncDispose]()
    },
  }
}
