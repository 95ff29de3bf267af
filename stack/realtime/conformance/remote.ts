/** Any running server as a target, a hosted project included. */

import type { Mint } from './mint.ts'
import { openSqlSession } from './sql.ts'
import type { Target } from './target.ts'

export interface RemoteOptions {
  /** E.g. `https://<project>.supabase.co`. */
  url: string
  publishableKey: string
  mint: Mint
  /** Connection as `postgres`; without it, statements of recordings cannot be run. */
  dbUrl: string | undefined
}

/** Steps that need the server's clock, its limits or access behind its gateway fail with that reason. */
export function remoteTarget({ url, publishableKey, mint, dbUrl }: RemoteOptions): Target & AsyncDisposable {
  const session = dbUrl === undefined ? undefined : openSqlSession(() => dbUrl)
  return {
    gateway: url.replace(/\/$/, ''),
    direct: undefined,
    publishableKey,
    mint,
    follow: undefined,
    sql: session?.run,
    operate: undefined,
    async [Symbol.asyncDispose]() {
      await session?.[Symbol.asyncDispose]()
    },
  }
}
