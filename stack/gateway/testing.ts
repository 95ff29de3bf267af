/** For tests: gateway, auth and REST over a database of their own, and supabase-js clients that speak to them. */

import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { type AuthSettings, createAuthService, type Mail } from '../auth/index.ts'
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
  /** What Auth has sent, oldest first. */
  readonly mails: readonly Mail[]
  /** A client of its own session, by default with the publishable key. */
  client(key?: string, auth?: { flowType: 'implicit' | 'pkce' }): SupabaseClient
  admin(): SupabaseClient
}

/**
 * The cost of hashing passwords is low: tests hash many. Sign-ups count as confirmed, unless `auth.autoconfirm` is false, and
 * mails to one address may follow each other at once.
 */
export async function startTestApi(
  options: {
    auth?: Partial<AuthSettings>
    poolSize?: number
    /** Called before a mail counts as sent; what it throws, the mail server has answered. */
    onMail?: (mail: Mail) => void | Promise<void>
  } = {},
): Promise<TestApi> {
  const database = await createTestDatabase()
  const keys = await generateKeys()
  const mails: Mail[] = []
  const logger = createMemoryLogger()
  const gateway = await createGateway({ port: 0, keys, logger })
  const auth = createAuthService({
    databaseUrl: database.urls.admin,
    keys,
    logger,
    issuer: `${gateway.url}/auth/v1`,
    settings: {
      bcryptCost: 4,
      autoconfirm: true,
      anonymousEnabled: true,
      mailInterval: 0,
      ...options.auth,
    },
    mail: {
      async send(mail) {
        await options.onMail?.(mail)
        mails.push(mail)
      },
      close: () => undefined,
    },
  })
  const rest = await createRestService({
    urls: database.urls,
    logger,
    ...(options.poolSize !== undefined && { poolSize: options.poolSize }),
  })
  gateway.mount({ auth, rest })
  const client: TestApi['client'] = (key = keys.publishableKey, options) =>
    createClient(gateway.url, key, {
      auth: { autoRefreshToken: false, persistSession: false, ...options },
    })
  return {
    database,
    gateway,
    rest,
    keys,
    logger,
    mails,
    client,
    admin: () => client(keys.secretKey),
    async [Symbol.asyncDispose]() {
      await gateway.stop()
      await Promise.all([rest.stop(), auth.stop()])
      await database[Symbol.asyncDispose]()
    },
  }
}
