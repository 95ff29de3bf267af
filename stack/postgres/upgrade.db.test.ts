/** The migrations of the second release on a database that is in use: they apply, and work goes on where it was. */

import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../testing/database.ts'
import { applyMigrations } from './migrations.ts'
import { recordingLogger } from './testing/recording-logger.ts'

const SUPABASE = path.resolve(import.meta.dirname, '../../supabase')
const SECOND_RELEASE = '20261125'
const logger = recordingLogger()

/** A project with the migrations of which `wanted` says so. */
async function copyMigrations(projectDir: string, wanted: (name: string) => boolean): Promise<void> {
  const target = path.join(projectDir, 'supabase/migrations')
  await mkdir(target, { recursive: true })
  await cp(path.join(SUPABASE, 'config.toml'), path.join(projectDir, 'supabase/config.toml'))
  const names = (await readdir(path.join(SUPABASE, 'migrations'))).filter(wanted)
  await Promise.all(names.map((name) => cp(path.join(SUPABASE, 'migrations', name), path.join(target, name))))
}

test('a database with files and jobs in every state is brought up to date', async () => {
  const projectDir = await mkdtemp(path.join(tmpdir(), 'claimwire-upgrade-'))
  try {
    await using database = await createTestDatabase({ migrations: false })
    const url = database.urls.postgres
    await copyMigrations(projectDir, (name) => name < SECOND_RELEASE)
    await applyMigrations({ url, projectDir, logger, seed: false })

    await withClient(url, async (db) => {
      const userId = randomUUID()
      await db.query(`insert into auth.users (id, email) values ($1, 'owner@upgrade.test')`, [userId])
      await db.query(
        `with incident as (
           insert into public.incidents (user_id, title, source) values ($1, 'Crash', 'test') returning id
         ),
         job as (
           insert into public.jobs (kind, user_id, incident_id, subject_id)
           select 'image', $1, incident.id, gen_random_uuid() from incident, generate_series(1, 8)
           returning id, incident_id, subject_id
         ),
         photo as (
           insert into public.documents (id, incident_id, user_id, job_id, kind, document_type, sha256, original_path)
           select subject_id, incident_id, $1, id, 'photo', 'photo', repeat('a', 64), incident_id || '/' || subject_id || '/original.jpg'
           from job
         )
         insert into public.documents (incident_id, user_id, kind, document_type, source_url)
         select incident.id, $1, kind, kind, 'https://files.example/' || kind
         from incident, unnest(array['audio', 'attachment']) as kind`,
        [userId],
      )
      const some = 'id in (select id from public.jobs order by id limit 6)'
      await db.query(`update public.jobs set status = 'processing' where ${some}`)
      await db.query(
        `update public.jobs set status = (array['completed', 'failed', 'queued', 'processing'])[1 + n % 4]::public.job_status
         from (select id, row_number() over (order by id)::integer as n from public.jobs where status = 'processing') as numbered
         where jobs.id = numbered.id and n % 4 <> 3`,
      )
      await db.query('insert into private.job_nudges (job_id, nudged_at) select id, now() from public.jobs')
    })

    await copyMigrations(projectDir, () => true)
    await applyMigrations({ url, projectDir, logger, seed: false })

    await withClient(url, async (db) => {
      const count = async (sql: string) =>
        (await db.query<{ n: number }>(`select (${sql})::integer as n`)).rows[0]?.n
      expect(await count('select count(*) from public.jobs')).toBe(10)
      expect(await count(`select count(*) from public.documents where job_id is null`)).toBe(0)
      expect(await count('select count(*) from public.transcriptions')).toBe(1)
      // What was under way goes on, ends, and is followed by a report.
      const { rows } = await db.query<{ id: string; token: string }>(
        `select id, lease_token as token from public.jobs where status = 'processing'`,
      )
      for (const { id, token } of rows)
        await db.query('select public.complete_job($1, $2, $3)', [id, token, {}])
      await db.query(`update public.jobs set status = 'failed' where status = 'queued'`)
      expect(await count('select count(*) from public.reports')).toBe(1)
    })
  } finally {
    await rm(projectDir, { recursive: true, force: true })
  }
})
