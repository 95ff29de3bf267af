/**
 * A function in SQL that cannot be inlined, as none with settings of its own can, is planned with every statement that
 * calls it; one in PL/pgSQL once in a session. On the way of a status change that was half of its cost.
 */

import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addJobs, addUsers, at } from './support.ts'

test('what a status change calls is planned once', async () => {
  await using database = await createTestDatabase()
  // Counting calls takes a superuser.
  await withClient(database.urls.admin, async (admin) => {
    const userId = at(await addUsers(admin, 1), 0)
    await addJobs(admin, userId, 1)
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
        'private.publish_one',
      ]),
    )
    expect(rows.filter(({ language }) => language === 'sql')).toEqual([])
  })
})
