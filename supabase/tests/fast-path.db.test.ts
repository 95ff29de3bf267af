/** Broadcasts and nudges are the fast path: when they fail, the change and its notification stand. */

import { expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../stack/testing/database.ts'
import { addJobs, addUsers, at } from './support.ts'

test('a broadcast that cannot be sent loses no notification', async () => {
  await using database = await createTestDatabase()
  await expectWarnings(database)
  // Without the partition of the day realtime.send can only warn.
  await withClient(database.urls.admin, async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'realtime.messages'::regclass`,
    )
    expect(rows.length).toBeGreaterThan(0)
    for (const { name } of rows) await admin.query(`drop table ${name}`)
  })
  await withClient(database.urls.postgres, async (client) => {
    const userId = at(await addUsers(client, 1), 0)
    await addJobs(client, userId, 3)
    await client.query(`update public.jobs set status = 'processing'`)
    const { rows } = await client.query<{ seq: string }>('select seq from public.notifications order by seq')
    expect(rows.map((row) => row.seq)).toEqual(['1', '2', '3'])
  })
})

test('a nudge that cannot be sent does not fail the job, and the sweeper sends it later', async () => {
  await using database = await createTestDatabase()
  await expectWarnings(database)
  await withClient(database.urls.postgres, async (client) => {
    await client.query(`select vault.create_secret('https://project.test', 'project_url')`)
    await client.query(`select vault.create_secret('sb_secret_test', 'secret_key')`)
    await client.query(`
      create function private.refuse() returns trigger language plpgsql as
        $$ begin raise exception 'refused by the test'; end $$;
      create trigger refuse before insert on private.job_nudges for each row execute function private.refuse()`)
    const userId = at(await addUsers(client, 1), 0)
    const [jobId] = await addJobs(client, userId, 1)
    const queued = () =>
      client
        .query<{ body: unknown }>(
          `select convert_from(body, 'utf8')::jsonb as body from net.http_request_queue`,
        )
        .then(({ rows }) => rows.map((row) => row.body))
    expect(await queued()).toEqual([])
    await client.query('drop trigger refuse on private.job_nudges')
    await client.query('select public.sweep_jobs()')
    expect(await queued()).toEqual([{ job_id: jobId }])
  })
})

/** The server need not report the warnings that a test brings about. */
async function expectWarnings(database: TestDatabase): Promise<void> {
  await withClient(database.urls.admin, (admin) =>
    admin.query(`alter database ${database.name} set log_min_messages = error`),
  )
}
