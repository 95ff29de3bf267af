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

/** Its clock, its limits and what lies behind its gateway are out of reach: steps that need them fail and say so. */
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
