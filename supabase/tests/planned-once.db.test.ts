/**
 * A function in SQL with settings of its own cannot be inlined and is planned with every statement that calls it. A function
 * in PL/pgSQL is planned once per session. Planning was half of the cost of a status change.
 */

import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers } from './support.ts'

test('a status change calls no function that is planned anew', async () => {
  await using database = await createTestDatabase()
  // Counting calls takes a superuser.
  // Only a superuser may count calls.
  await withClient(database.urls.admin, async (admin) => {
    const [userId, handlerId] = await addUsers(admin, 2)
    // With a second member, who gets a message as well.
    await admin.query(
      `with incident as (
         insert into public.incidents (user_id, title, source) values ($1, 'Crash', 'test') returning id
       ),
       member as (
         insert into public.incident_members (incident_id, user_id, role)
         select incident.id, $2, 'handler' from incident
       )
       insert into public.jobs (kind, user_id, incident_id, subject_id)
       select 'image', $1, incident.id, gen_random_uuid() from incident`,
      [userId, handlerId],
    )
    await admin.query(`set track_functions = 'all'`)
    await admin.query('begin')
    for (const change of [
      `status = 'processing'`,
      'progress = 50',
      `status = 'completed', result = '{"a":1}'`,
    ])
      await admin.query(`update public.jobs set ${change}`)
    const { rows } = await admin.query<{ name: string; language: string }>(
      `select function.oid::regproc::text as name, language.lanname as language
       from pg_stat_xact_user_functions as called
       join pg_proc as function on function.oid = called.funcid
       join pg_language as language on language.oid = function.prolang`,
    )
    await admin.query('rollback')
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'private.tg_jobs__notify_update',
        'private.job_message',
        'private.publish_many',
        'private.personal_message',
        'private.notification_choice',
        'private.tell_incident',
      ]),
    )
    expect(rows.filter(({ language }) => language === 'sql')).toEqual([])
  })
})
