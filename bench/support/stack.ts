/** A whole stack in a process of its own, and people who use it. */

import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { PlainStackOptions } from '../../e2e/support/fault-stack-process.ts'
import { addConfirmedUser } from '../../stack/testing/confirmed-user.ts'
import type { DatabaseUrls, StackKeys } from '../../stack/types.ts'

const PROCESS = fileURLToPath(new URL('../../e2e/support/fault-stack-process.ts', import.meta.url))

export interface BenchStack extends AsyncDisposable {
  readonly url: string
  readonly db: DatabaseUrls
  readonly keys: StackKeys
}

/** @param realtime settings of Realtime. Default: no limits. */
export async function startBenchStack(
  realtime: PlainStackOptions['realtime'] = {
    maxConcurrentUsers: 1e6,
    maxEventsPerSecond: 1e9,
    maxJoinsPerSecond: 1e9,
  },
): Promise<BenchStack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'claimwire-bench-'))
  const child = fork(PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  const options: PlainStackOptions = {
    dataDir,
    ports: { api: 0, db: 0, mail: 0 },
    realtime,
  }
  child.send(options)
  const started = await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error('the stack ended before it ran'))),
  ])
  const address: Omit<BenchStack, typeof Symbol.asyncDispose> = started[0]
  return {
    ...address,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export interface BenchUser {
  id: string
  email: string
  password: string
  /** Signed in. */
  supabase: SupabaseClient
}

export async function newBenchUser({ url, keys }: BenchStack, through = url): Promise<BenchUser> {
  const email = `${randomUUID()}@bench.test`
  const password = randomUUID()
  const kept = new Map<string, string>()
  const supabase = createClient(through, keys.publishableKey, {
    auth: {
      persistSession: true,
      autoRefreshToken: false,
      storage: {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, text) => void kept.set(key, text),
        removeItem: (key) => void kept.delete(key),
      },
    },
  })
  const id = await addConfirmedUser({ url, keys }, { email, password })
  const { error } = await supabase.auth.signInWithPassword({ email, password })
  if (error !== null) throw new Error('signing in failed', { cause: error })
  return { id, email, password, supabase }
}
