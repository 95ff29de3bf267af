/** Members, workers and the sweeper at one incident at the same moment: no two wait for each other. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../../stack/testing/database.ts'
import { addUsers, at, untilBlocked, withClients } from './support.ts'

interface Crash {
  incidentId: string
  userId: string
}

/** An incident with one photo whose job is being processed. */
async function addCrash(db: pg.Client): Promise<Crash> {
  const incidentId = randomUUID()
  const userId = at(await addUsers(db, 1), 0)
  await db.query(
    `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
    [incidentId, userId],
  )
  await db.query(
    `insert into public.documents (incident_id, user_id, kind, document_type) values ($1, $2, 'photo', 'photo')`,
    [incidentId, userId],
  )
  await db.query(`update public.jobs set status = 'processing'`)
  return { incidentId, userId }
}

async function lockIncident(db: pg.Client, incidentId: string): Promise<void> {
  await db.query('begin')
  await db.query('select from public.incidents where id = $1 for no key update', [incidentId])
}

test('a voice note is submitted while a photo ends', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 4, async (clients) => {
    const [setup, holder, member, worker] = [at(clients, 0), at(clients, 1), at(clients, 2), at(clients, 3)]
    const { incidentId, userId } = await addCrash(setup)
    const path = `${incidentId}/${randomUUID()}`
    await setup.query(`insert into storage.objects (bucket_id, name) values ('uploads', $1)`, [path])
    await member.query(`select set_config('request.jwt.claims', $1, false)`, [
      JSON.stringify({ sub: userId }),
    ])

    // Both come to the incident's row while a third transaction has locked it, the member first.
    await lockIncident(holder, incidentId)
    const submitting = member.query(`select public.submit_upload($1, $2, 'note.mp3')`, [incidentId, path])
    await untilBlocked(url, member)
    const ending = worker.query(`update public.jobs set status = 'completed' where kind = 'image'`)
    await untilBlocked(url, worker)
    await holder.query('commit')
    await Promise.all([submitting, ending])

    const { rows } = await setup.query('select kind, status from public.jobs order by kind')
    expect(rows).toEqual([
      { kind: 'image', status: 'completed' },
      { kind: 'transcription', status: 'queued' },
    ])
  })
})

test('the sweeper leaves a job for later whose incident is locked', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 3, async (clients) => {
    const [setup, holder, sweeper] = [at(clients, 0), at(clients, 1), at(clients, 2)]
    const { incidentId } = await addCrash(setup)
    await setup.query(
      `update public.jobs set max_attempts = 1, lease_expires_at = now() - interval '1 minute' where kind = 'image'`,
    )
    const failed = `select count(*)::integer as failed from public.jobs where status = 'failed'`

    await lockIncident(holder, incidentId)
    // Were it to wait, it would do so with every kind of work in hand.
    await sweeper.query(`set lock_timeout = '5s'`)
    await sweeper.query('select public.sweep_jobs()')
    expect((await setup.query(failed)).rows).toEqual([{ failed: 0 }])

    await holder.query('commit')
    await sweeper.query('select public.sweep_jobs()')
    expect((await setup.query(failed)).rows).toEqual([{ failed: 1 }])
    const { rows } = await setup.query('select origin from public.reports')
    expect(rows).toEqual([{ origin: 'automatic' }])
  })
})
