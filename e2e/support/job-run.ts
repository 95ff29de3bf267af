/**
 * Runs one job of a kind on an embedded stack of its own, and prints as JSON what a client heard of it. A process of its
 * own, for a kind that is in another copy of the repository than the test.
 *
 *   node e2e/support/job-run.ts <kind>
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import type { JobMessage } from '../../functions-shared/message-types.ts'
import { isAboutJob } from '../../functions-shared/parse-message.ts'
import { createStack } from '../../stack/index.ts'
import { createTerminalLogger } from '../../stack/logger.ts'
import { withClient } from '../../stack/postgres/index.ts'
import { addConfirmedUser } from '../../stack/testing/confirmed-user.ts'
import { DashboardWebSocketClient } from '../../web/src/client/index.ts'
import { openPool } from './fault-load.ts'
import { serveSampleFiles, WORK_KINDS } from './work-kinds.ts'

const END_TIMEOUT_MS = 90_000

const [kind = ''] = process.argv.slice(2)
const start = WORK_KINDS[kind]
if (start === undefined) throw new Error(`there is no kind of job "${kind}"`)
const dataDir = mkdtempSync(join(tmpdir(), 'claimwire-job-run-'))
const parts = new AsyncDisposableStack()
parts.defer(() => rmSync(dataDir, { recursive: true, force: true }))
try {
  const files = parts.use(await serveSampleFiles())
  const stack = parts.use(
    await createStack({
      dataDir,
      ports: { api: 0, db: 0, mail: 0 },
      logger: createTerminalLogger({ level: 'error' }),
      functionsEnv: { DOWNLOAD_ALLOWED_ORIGINS: files.origin },
    }),
  )
  const supabase = createClient(stack.url, stack.keys.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  })
  const account = { email: 'job-run@claimwire.test', password: 'a pass phrase' }
  const userId = await addConfirmedUser(stack, account)
  const { error } = await supabase.auth.signInWithPassword(account)
  if (error !== null) throw error

  const client = new DashboardWebSocketClient({ supabase, storage: null, tabs: null })
  parts.defer(() => client.disconnect())
  const heard: JobMessage[] = []
  const ended = new Promise<void>((resolve) => {
    client.on('message', (message) => {
      if (!isAboutJob(message)) return
      heard.push(message)
      if (message.status === 'completed' || message.status === 'failed') resolve()
    })
  })
  await client.connect(userId)
  const db = openPool(stack.db.postgres, 2)
  parts.defer(() => db.end())
  const jobId = await start(db, userId, files)
  const timeout = AbortSignal.timeout(END_TIMEOUT_MS)
  await Promise.race([
    ended,
    new Promise((_resolve, reject) => timeout.addEventListener('abort', () => reject(timeout.reason))),
  ])
  const job = await withClient(stack.db.postgres, async (connection) => {
    const { rows } = await connection.query(
      'select status, progress, result from public.jobs where id = $1',
      [jobId],
    )
    return rows[0]
  })
  console.log(JSON.stringify({ jobId, job, heard }))
} finally {
  await parts.disposeAsync()
}
process.exit()
