/** The test databases themselves: separate from each other, and as a hosted project looks to its callers. */

import { expect, test } from 'vitest'
import { asUser, createTestDatabase, withClient } from './database.ts'

test('two databases of one run do not see each other', async () => {
  await using first = await createTestDatabase({ migrations: false })
  await using second = await createTestDatabase({ migrations: false })
  await withClient(first.urls.postgres, (client) => client.query('create table public.only_here (id int)'))
  const found = await withClient(second.urls.postgres, (client) =>
    client.query(`select to_regclass('public.only_here') as found`),
  )
  expect(found.rows).toEqual([{ found: null }])
})

test('asUser runs under the role and the claims of the caller, and leaves nothing behind', async () => {
  await using database = await createTestDatabase({ migrations: false })
  await withClient(database.urls.authenticator, async (client) => {
    const sub = '5f0c3c4e-6f0e-4a56-8f0e-0d6f2d1e6a11'
    const { rows } = await asUser(client, { sub }, (session) =>
      session.query(`select current_user as role, auth.uid() as id`),
    )
    expect(rows).toEqual([{ role: 'authenticated', id: sub }])
    const after = await client.query('select current_user as role')
    expect(after.rows).toEqual([{ role: 'authenticator' }])
  })
})
