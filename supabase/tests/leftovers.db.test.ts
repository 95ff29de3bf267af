/** Looking for leftovers of Storage: flat for many files. */

import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers, at } from './support.ts'

test('each file is looked up, however many documents there are and however little memory', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (db) => {
    const userId = at(await addUsers(db, 1), 0)
    await db.query(
      `with incident as (
         insert into public.incidents (user_id, title, source) values ($1, 'Crash', 'test') returning id
       ),
       job as (
         insert into public.jobs (kind, user_id, subject_id) values ('image', $1, gen_random_uuid()) returning id
       )
       insert into public.documents (incident_id, user_id, job_id, kind, document_type)
       select incident.id, $1, job.id, 'photo', 'photo' from incident, job, generate_series(1, 3000)`,
      [userId],
    )
    await db.query(
      `insert into storage.objects (bucket_id, name, created_at)
       select 'derivatives', incident_id || '/' || id || '/preview.jpg', now() - interval '2 days' from public.documents
       union all
       select 'derivatives', gen_random_uuid() || '/' || gen_random_uuid() || '/preview.jpg', now() - interval '2 days'`,
    )
    await db.query('analyze')
    // A hundredth of what small projects have, for a hundredth of the files.
    await db.query(`set work_mem = '64kB'`)
    const { rows } = await db.query('select bucket_id from public.storage_leftovers()')
    expect(rows).toEqual([{ bucket_id: 'derivatives' }])

    const plan = await db.query<{ 'QUERY PLAN': { Plan: { 'Temp Read Blocks': number } }[] }>(
      'explain (analyze, buffers, format json) select from public.storage_leftovers()',
    )
    // A list of all documents that does not fit into memory would be read anew for each file.
    expect(at(plan.rows[0]?.['QUERY PLAN'] ?? [], 0).Plan['Temp Read Blocks']).toBe(0)
  })
})
