import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asUser, createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { upsertVaultSecrets } from './index.ts'

let database: TestDatabase
let pool: pg.Pool

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  pool = new pg.Pool({ connectionString: database.urls.postgres })
})

afterAll(async () => {
  await pool.end()
  await database[Symbol.asyncDispose]()
})

const secrets = async () =>
  (await pool.query('select name, decrypted_secret, updated_at from vault.decrypted_secrets order by name'))
    .rows

describe('the vault', () => {
  it('creates and updates secrets by name', async () => {
    await upsertVaultSecrets(database.urls.postgres, {
      project_url: 'http://127.0.0.1:1',
      secret_key: 'sb_secret_å',
    })
    const [url, key] = await secrets()
    expect(key).toMatchObject({ name: 'secret_key', decrypted_secret: 'sb_secret_å' })
    await upsertVaultSecrets(database.urls.postgres, {
      project_url: 'http://127.0.0.1:2',
      secret_key: 'sb_secret_å',
    })
    const [changed, same] = await secrets()
    expect(changed).toMatchObject({ name: 'project_url', decrypted_secret: 'http://127.0.0.1:2' })
    expect(changed?.updated_at).not.toEqual(url?.updated_at)
    expect(same).toEqual(key)
  })

  it('holds one secret of a name, also after simultaneous starts', async () => {
    await Promise.all(
      [1, 2, 3, 4].map((value) =>
        upsertVaultSecrets(database.urls.postgres, { contended: `value ${value}` }),
      ),
    )
    const { rows } = await pool.query(`select from vault.secrets where name = 'contended'`)
    expect(rows).toHaveLength(1)
  })

  it('stores no readable secret in its table', async () => {
    await upsertVaultSecrets(database.urls.postgres, { hidden: 'plain text' })
    const { rows } = await pool.query<{ secret: string }>(
      `select secret from vault.secrets where name = 'hidden'`,
    )
    expect(Buffer.from(rows[0]?.secret ?? '', 'base64').toString('latin1')).not.toContain('plain text')
  })

  it('does not decrypt a value that was moved to another row', async () => {
    await upsertVaultSecrets(database.urls.postgres, { one: 'first', two: 'second' })
    await withClient(database.urls.admin, async (client) => {
      await client.query('begin')
      await client.query(
        `update vault.secrets set secret = (select secret from vault.secrets where name = 'one') where name = 'two'`,
      )
      await expect(
        client.query(`select decrypted_secret from vault.decrypted_secrets where name = 'two'`),
      ).rejects.toThrow('belongs to another row')
      await client.query('rollback')
    })
  })

  it('is readable by service_role, and by no other role', async () => {
    await withClient(database.urls.authenticator, async (client) => {
      const read = (role: string) =>
        asUser(client, { role }, (as) =>
          as.query(`select decrypted_secret from vault.decrypted_secrets where name = 'hidden'`),
        )
      expect((await read('service_role')).rows).toEqual([{ decrypted_secret: 'plain text' }])
      for (const role of ['anon', 'authenticated']) {
        await expect(read(role)).rejects.toThrow('permission denied for schema vault')
        await expect(
          asUser(client, { role }, (as) => as.query(`select vault.create_secret('x')`)),
        ).rejects.toThrow('permission denied')
      }
    })
    for (const sql of [
      'select vault._key()',
      `select pg_read_file('vault.key')`,
      `select vault._install_key(repeat('ab', 32))`,
      `select vault._crypto_aead_det_encrypt('x', 'y', 0)`,
      `insert into vault.secrets (secret) values ('x')`,
    ]) {
      await expect(pool.query(sql)).rejects.toThrow('permission denied')
    }
  })

  it('refuses another key while secrets depend on the old one', async () => {
    await withClient(database.urls.admin, async (client) => {
      await expect(client.query(`select vault._install_key(repeat('cd', 32))`)).rejects.toThrow(
        'encrypted with another key',
      )
      await expect(client.query(`select vault._install_key('short')`)).rejects.toThrow(
        '64 hexadecimal digits',
      )
    })
  })
})
