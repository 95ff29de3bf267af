/**
 * Runs a pgTAP file against a test database, as `supabase test db` does: as `postgres`, who is no superuser.
 *
 *   const result = await runPgTap(path.join(import.meta.dirname, 'incidents.test.sql'), database)
 *   expect(result.problems).toEqual([])
 */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { describeSqlError } from '../postgres/sql-error.ts'
import { type TestDatabase, withClient } from './database.ts'
import { parseTap, type TapResult } from './tap.ts'

/** Functions that the files of a folder share. `supabase test db` runs it first, by its name. */
const HELPERS = '00_helpers.sql'
/** psql's own commands are not SQL. */
const META_COMMAND = /^\\\w+/m

/**
 * @param file beside a file {@link HELPERS}, if there is one; plain SQL, `begin; select plan(n); ...; select * from finish(); rollback;`.
 * @returns the tests; `problems` lists failed tests, a broken plan and an SQL error, with its line.
 */
export async function runPgTap(file: string, database: TestDatabase): Promise<TapResult> {
  const sql = await readFile(file, 'utf8')
  const meta = META_COMMAND.exec(sql)
  if (meta !== null) throw new Error(`${file} uses ${meta[0]}, which only psql understands.`)
  await withClient(database.urls.admin, (client) =>
    client.query('create extension if not exists pgtap with schema extensions'),
  )
  const helpers = await readFile(path.join(path.dirname(file), HELPERS), 'utf8').catch(() => null)
  return withClient(database.urls.postgres, async (client) => {
    if (helpers !== null) await client.query(helpers)
    return runTap(client, sql)
  })
}

async function runTap(client: pg.Client, sql: string): Promise<TapResult> {
  const lines: string[] = []
  const failure = await new Promise<pg.DatabaseError | null>((resolve, reject) => {
    const query = new pg.Query<Record<string, unknown>>(sql)
    query.on('row', (row: Record<string, unknown>) => {
      const [first] = Object.values(row)
      if (typeof first === 'string') lines.push(first)
    })
    query.on('end', () => resolve(null))
    query.on('error', (error) => (error instanceof pg.DatabaseError ? resolve(error) : reject(error)))
    client.query(query)
  })
  const result = parseTap(lines)
  if (failure === null) return result
  const { line, reason, near, hint } = describeSqlError(failure, sql)
  const place = line === undefined ? '' : `line ${line}: `
  const problem = [`${place}${reason}`, near, hint].filter((part) => part !== undefined).join('\n    ')
  return { ...result, problems: [problem, ...result.problems] }
}
