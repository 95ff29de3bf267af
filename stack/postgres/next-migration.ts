/**
 * Generates the next migration, which changes a database of `supabase/migrations` into one of `supabase/schemas`.
 *
 *   migrated ──┬── catalogues equal? ── yes ──▶ no migration
 *   declared ──┘         │ no
 *                        ▼
 *              supabase db diff (pg-delta) ──▶ SQL ──▶ tried on the migrated database ──▶ remaining differences
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { AppError } from '../../functions-shared/app-error.ts'
import { type CatalogueDifference, compareCatalogues, readCatalogue } from './catalogue.ts'
import { withClient } from './connection.ts'
import { applySchemas, readSchemas } from './schemas.ts'
import { describeSqlError } from './sql-error.ts'
import { runSupabase } from './supabase-cli.ts'

export interface NextMigrationOptions {
  /** Folder that contains `supabase/`. */
  projectDir: string
  /** Scratch database with every migration applied, as role `postgres`. Loses its schedules. */
  migratedUrl: string
  /** Scratch database without any migration, as role `postgres`. The schemas are applied to it. */
  declaredUrl: string
}

export interface NextMigration {
  /** Statements; empty when the two databases are equal. */
  sql: string
  /** Statements of `sql` that delete what is stored. A renamed column looks like one that was dropped. */
  losses: string[]
  /** Differences that `sql` does not remove, because pg-delta does not see them. */
  unseen: CatalogueDifference[]
}

const LOSS =
  /^drop (?:table|schema|type|sequence|materialized view)\b|\bdrop column\b|\balter column\b.*\btype\b/i

/** @throws AppError `migration_failed` with `file` and `reason` for SQL of the schemas that fails. */
export async function nextMigration(options: NextMigrationOptions): Promise<NextMigration> {
  const files = await readSchemas(options.projectDir)
  const declared = await withClient(options.declaredUrl, async (client) => {
    await applySchemas(client, files)
    await client.query('reset all')
    return readCatalogue(client)
  })
  const migrated = await withClient(options.migratedUrl, readCatalogue)
  if (compareCatalogues(migrated, declared).length === 0) return { sql: '', losses: [], unseen: [] }

  // pg-delta compares the schedules of pg_cron as well. They are rows, which the schemas do not have.
  await withClient(options.migratedUrl, (client) =>
    client.query('select cron.unschedule(jobid) from cron.job'),
  )
  const sql = await diff(options)
  const result = await withClient(options.migratedUrl, (client) => tryOut(client, sql))
  const losses = sql.split(/;\n/).map((statement) => statement.trim().replace(/\s+/g, ' '))
  return {
    sql,
    losses: losses.filter((statement) => LOSS.test(statement)),
    unseen: compareCatalogues(result, declared),
  }
}

async function diff({ projectDir, migratedUrl, declaredUrl }: NextMigrationOptions): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'claimwire-diff-'))
  // Messages of pg-delta beside the SQL go to the output.
  const file = path.join(folder, 'diff.sql')
  try {
    const { code, stdout, stderr } = await runSupabase(['db', 'diff', '--use-pg-delta', '--output', file], {
      projectDir,
      databases: { from: migratedUrl, to: declaredUrl },
    })
    if (code !== 0)
      throw new AppError('migration_failed', { details: { reason: `${stdout}\n${stderr}`.trim() } })
    return await readFile(file, 'utf8')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The catalogue as it is after `sql`, which is rolled back. */
async function tryOut(client: pg.Client, sql: string) {
  await client.query('begin')
  try {
    await client.query(sql)
    return await readCatalogue(client)
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError)) throw cause
    throw new AppError('migration_failed', {
      cause,
      details: { file: 'the generated migration', ...describeSqlError(cause, sql) },
    })
  } finally {
    await client.query('rollback')
  }
}
