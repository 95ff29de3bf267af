/**
 * What large recordings that come at the same moment take of a worker's memory: downloaded, kept and sent to a service
 * that refuses each once, so that each is read from Storage as well. Measures only; nothing here passes or fails.
 *
 *   npm run bench:recordings [-- --json]
 */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { processesMentioning } from '../e2e/support/processes.ts'
import { silentRecording } from '../e2e/support/voice-faults.ts'
import { createStack } from '../stack/index.ts'
import { createMemoryLogger } from '../stack/logger.ts'
import { addConfirmedUser } from '../stack/testing/confirmed-user.ts'
import { type Measurement, report, value } from './support/report.ts'

const MB = 1024 * 1024
const SETS: readonly (readonly [count: number, megabytes: number])[] = [
  [1, 24],
  [6, 24],
  [16, 24],
  [16, 1],
]

const results: Measurement[] = []
for (const [count, megabytes] of SETS) await measure(count, megabytes)
report(results)

/** In a stack of its own, with a new worker. */
async function measure(count: number, megabytes: number): Promise<void> {
  await using parts = new AsyncDisposableStack()
  const dataDir = mkdtempSync(join(tmpdir(), 'claimwire-bench-'))
  parts.defer(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }))
  // Each recording has its own size, so that none is a duplicate and each can be told apart.
  const sizes = Array.from({ length: count }, (_, index) => megabytes * MB - 2 * index)
  const server = createServer((request, response) => {
    response.end(silentRecording(Number(request.url?.slice(1))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  parts.defer(() => {
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const origin = `http://127.0.0.1:${address.port}`

  const refused = new Set<number>()
  const stack = parts.use(
    await createStack({
      dataDir,
      ports: { api: 0, db: 0, mail: 0 },
      logger: createMemoryLogger(),
      functionsEnv: { DOWNLOAD_ALLOWED_ORIGINS: origin },
      transcription: {
        paceMs: 0,
        faults: ({ bytes }) => {
          if (refused.has(bytes)) return undefined
          refused.add(bytes)
          return { kind: 'status', status: 503 }
        },
      },
    }),
  )
  const db = new pg.Pool({ connectionString: stack.db.postgres, max: 2 })
  parts.defer(() => db.end())
  await db.query(
    `update private.job_kinds set max_concurrent_per_user = max_concurrent, retry_base_seconds = 1, retry_max_seconds = 1
     where kind = 'transcription'`,
  )
  const userId = await addConfirmedUser(stack, {
    email: `${randomUUID()}@bench.test`,
    password: randomUUID(),
  })
  const started = performance.now()
  await db.query(
    `with incident as (
       insert into public.incidents (user_id, title, source) select $1, 'Crash', 'bench' returning id
     )
     insert into public.documents (incident_id, user_id, kind, document_type, source_url)
     select incident.id, $1, 'audio', 'audio', $3 || '/' || size from incident, unnest($2::integer[]) as size`,
    [userId, sizes, origin],
  )
  const statuses = await untilEnded(db)
  const seconds = (performance.now() - started) / 1000
  const worker = processesMentioning(join(dataDir, 'functions', 'transcribe-audio')).find(({ command }) =>
    /\bdeno\b.*\brun\b/.test(command),
  )
  const peak = worker && /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))?.[1]
  results.push(
    value(
      `${count} of ${megabytes} MB: peak memory`,
      'MB',
      (Number(peak) * 1024) / MB,
      `${seconds.toFixed(1)} s; ${statuses}`,
    ),
  )
}

/** @returns how they ended. */
async function untilEnded(db: pg.Pool): Promise<string> {
  for (;;) {
    const { rows } = await db.query<{ status: string; jobs: number; attempts: number }>(
      `select status, count(*)::integer as jobs, sum(attempts)::integer as attempts
       from public.jobs where kind = 'transcription' group by status`,
    )
    if (!rows.some(({ status }) => status === 'queued' || status === 'processing')) {
      return rows.map(({ status, jobs, attempts }) => `${jobs} ${status} in ${attempts} attempts`).join(', ')
    }
    await delay(100)
  }
}
