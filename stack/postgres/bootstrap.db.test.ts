/** The bootstrap can run again at any start, also on a database with data. */

import { expect, inject, test } from 'vitest'
import { createTestDatabase, withClient } from '../testing/database.ts'
import { applyBootstrap } from './bootstrap.ts'

const secrets = () => {
  const { dbPassword, vaultKey } = inject('testCluster')
  return { dbPassword, vaultKey }
}

test('is skipped when no file and no password has changed', async () => {
  await using database = await createTestDatabase({ migrations: false })
  await withClient(database.urls.admin, async (client) => {
    expect(await applyBootstrap(client, secrets())).toBe(false)
  })
})

test('runs again over a migrated database when it has changed, and changes no grant', async () => {
  await using database = await createTestDatabase()
  const grants = `select relnamespace::regnamespace::text || '.' || relname as name, relacl::text as grants
    from pg_class where relkind in ('r', 'p', 'v', 'S') and relnamespace in
      ('public'::regnamespace, 'auth'::regnamespace, 'storage'::regnamespace, 'vault'::regnamespace) order by 1`
  await withClient(database.urls.admin, async (client) => {
    const before = await client.query(grants)
    await client.query(`update _stack.bootstrap set hash = 'of an earlier version'`)
    expect(await applyBootstrap(client, secrets())).toBe(true)
    expect((await client.query(grants)).rows).toEqual(before.rows)
    expect(await applyBootstrap(client, secrets())).toBe(false)
  })
})

test('a malformed key gives an error that names the key’s use', async () => {
  await using database = await createTestDatabase({ migrations: false })
  await withClient(database.urls.admin, async (client) => {
    await expect(applyBootstrap(client, { ...secrets(), vaultKey: 'short' })).rejects.toMatchObject({
      code: 'bootstrap_failed',
      details: { file: 'vault key', reason: expect.stringContaining('64 hexadecimal digits') },
    })
  })
})

test('the project’s roles cannot see the bootstrap’s table', async () => {
  await using database = await createTestDatabase({ migrations: false })
  await withClient(database.urls.authenticator, async (client) => {
    await client.query('set role service_role')
    await expect(client.query('select * from _stack.bootstrap')).rejects.toMatchObject({ code: '42501' })
  })
})
