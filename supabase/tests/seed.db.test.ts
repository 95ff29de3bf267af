/** The seed: the demo user as Auth would have made them, however often it runs. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'

test('the demo user exists once, confirmed and without a password', async () => {
  await using database = await createTestDatabase()
  const seed = await readFile(path.join(import.meta.dirname, '../seed.sql'), 'utf8')
  await withClient(database.urls.postgres, async (client) => {
    await client.query(seed)
    await client.query(seed)
    const { rows } = await client.query(
      `select u.id, u.email, u.aud, u.role, u.encrypted_password, u.email_confirmed_at is not null as confirmed,
         u.confirmation_token || u.recovery_token || u.email_change_token_new || u.email_change as tokens,
         i.provider, i.provider_id, i.email as identity_email
       from auth.users u join auth.identities i on i.user_id = u.id`,
    )
    const id = '00000000-0000-4000-8000-000000000001'
    expect(rows).toEqual([
      {
        id,
        email: 'demo@claimwire.test',
        aud: 'authenticated',
        role: 'authenticated',
        encrypted_password: '',
        confirmed: true,
        tokens: '',
        provider: 'email',
        provider_id: id,
        identity_email: 'demo@claimwire.test',
      },
    ])
  })
})
