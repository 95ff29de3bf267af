/** Secrets of the vault that the product's SQL reads: the project's URL, and the key for calling functions. */

import type pg from 'pg'
import { withClient } from '../postgres/index.ts'

/** Name of the lock that keeps two starts from creating the same secret. */
const LOCK = 'stack vault secrets'

/**
 * Creates or updates the given secrets. An unchanged secret is not written.
 * @param databaseUrl connects as `postgres` or `supabase_admin`
 */
export function upsertVaultSecrets(
  databaseUrl: string,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  // A failure closes the connection, which rolls the transaction back.
  return withClient(databaseUrl, async (client) => {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [LOCK])
    for (const [name, value] of Object.entries(secrets)) await upsertSecret(client, name, value)
    await client.query('commit')
  })
}

async function upsertSecret(client: pg.Client, name: string, value: string): Promise<void> {
  const { rows } = await client.query<{ id: string; decrypted_secret: string }>(
    'select id, decrypted_secret from vault.decrypted_secrets where name = $1',
    [name],
  )
  const [existing] = rows
  if (existing === undefined) await client.query('select vault.create_secret($1, $2)', [value, name])
  else if (existing.decrypted_secret !== value) {
    await client.query('select vault.update_secret($1, $2)', [existing.id, value])
  }
}
