/** Incidents as an account has them after a while: each with photos that are ready, and all that was told of them read. */

import type pg from 'pg'

/** Of each incident. */
const PHOTOS = 3

/** Of so many incidents one has two photos that are still worked on. */
const EVERY = 100

/** @returns of the incidents with work under way one of its jobs each, in the order of the list. */
export async function addIncidents(db: pg.Pool, userId: string, count: number): Promise<string[]> {
  const client = await db.connect()
  try {
    await client.query('begin')
    const jobs = await insert(client, userId, count)
    await client.query('commit')
    return jobs
  } finally {
    client.release()
  }
}

async function insert(db: pg.PoolClient, userId: string, count: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string; n: number; open: boolean }>(
    `with incident as (
       insert into public.incidents (user_id, title, description, occurred_on, source, created_at)
       select $1, 'Rear-end collision at junction ' || n, 'The car behind did not stop in time.', current_date,
              'typeform', now() - n * interval '1 hour'
       from generate_series(1, $2::int) as n
       returning id, created_at
     ), numbered as (
       select id, created_at, row_number() over (order by created_at desc) as place from incident
     ), photo as (
       select gen_random_uuid() as id, gen_random_uuid() as job_id, numbered.id as incident_id, created_at, place, n
       from numbered, generate_series(1, $3::int) as n
     ), job as (
       insert into public.jobs (id, kind, user_id, incident_id, subject_id, next_attempt_at, created_at)
       select job_id, 'image', $1, incident_id, id, now() + interval '1 day', created_at from photo
     ), document as (
       insert into public.documents (id, incident_id, user_id, job_id, kind, document_type, file_name, created_at)
       select id, incident_id, $1, job_id, 'photo', 'damage', 'photo-' || n || '.jpg', created_at from photo
     )
     select job_id as id, n, n <= 2 and place % $4::int = 0 as open from photo order by place, n`,
    [userId, count, PHOTOS, EVERY],
  )
  const idsOf = (which: typeof rows): string[] => which.map(({ id }) => id)
  const open = rows.filter((row) => row.open)
  await db.query(`update public.jobs set status = 'processing' where id = any ($1)`, [idsOf(rows)])
  await db.query(`update public.jobs set status = 'completed' where id = any ($1) and id <> all ($2)`, [
    idsOf(rows),
    idsOf(open),
  ])
  // Deletes queued reports, so that none is made during the measurement.
  await db.query('delete from public.reports where user_id = $1', [userId])
  await db.query(`delete from public.jobs where user_id = $1 and kind = 'pdf'`, [userId])
  await db.query(
    `update public.notifications set read_at = now(), seen_at = now() where user_id = $1 and read_at is null`,
    [userId],
  )
  return idsOf(open.filter(({ n }) => n === 1))
}
