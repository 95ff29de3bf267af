/** Connections to one database of the cluster. */

import pg from 'pg'
import type { DatabaseUrls } from '../types.ts'

/** @param password of the three roles. */
export function databaseUrls(port: number, database: string, password: string): DatabaseUrls {
  const url = (role: string) =>
    `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  return { admin: url('supabase_admin'), postgres: url('postgres'), authenticator: url('authenticator') }
}

/** Runs `work` on a connection of its own, which is closed in every case. */
export async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  // A connection that breaks while idle also rejects the next query; without a listener it ends the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
