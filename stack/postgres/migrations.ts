/**
 * Migrations and seed, applied by the Supabase CLI with its history tables, as `supabase db push` does on a
 * hosted project. The call is left out when the database already has them all.
 */

import { access, readdir } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { AppError } from '../../functions-shared/app-error.ts'
import type { Logger } from '../types.ts'
import { withClient } from './connection.ts'
import { describePushFailure } from './push-failure.ts'
import { runSupabase } from './supabase-cli.ts'

export interface ApplyMigrationsOptions {
  /** Database to change, as role `postgres`. */
  url: string
  logger: Logger
  /** Folder that contains `supabase/`. Default: this repository. */
  projectDir?: string
  /** Also applies `supabase/seed.sql`, once in a database's life, as the CLI does. Default true. */
  seed?: boolean
}

const REPOSITORY = path.resolve(import.meta.dirname, '../..')
/** As the CLI's history names it. */
const SEED_FILE = 'supabase/seed.sql'
const MIGRATION_FILE = /^(\d+)_.+\.sql$/

/**
 * @returns the versions that were applied now, in order.
 * @throws AppError `migration_failed` with `file` and `reason` (the server's words and the statement) in `details`.
 */
export async function applyMigrations(options: ApplyMigrationsOptions): Promise<{ applied: string[] }> {
  const projectDir = options.projectDir ?? REPOSITORY
  const seed = (options.seed ?? true) && (await isFile(path.join(projectDir, SEED_FILE)))
  const local = await localVersions(projectDir)
  const before = await withClient(options.url, async (client) => {
    const versions = await readHistory(client, 'schema_migrations', 'version')
    const seeds = await readHistory(client, 'seed_files', 'path')
    return { versions, seeds }
  })
  const missing = local.filter((version) => !before.versions.has(version))
  if (missing.length === 0 && (!seed || before.seeds.has(SEED_FILE))) return { applied: [] }

  const { code, stdout, stderr } = await runSupabase(
    ['db', 'push', '--yes', '--output-format', 'json', ...(seed ? ['--include-seed'] : [])],
    { projectDir, url: options.url },
  )
  for (const line of stderr.split('\n')) {
    if (line.trim() !== '') options.logger.debug('migrations', line)
  }
  if (code !== 0)
    throw new AppError('migration_failed', { details: { ...describePushFailure(stdout, stderr) } })
  return { applied: missing }
}

async function localVersions(projectDir: string): Promise<string[]> {
  const names = await readdir(path.join(projectDir, 'supabase/migrations'))
  return names.flatMap((name) => MIGRATION_FILE.exec(name)?.[1] ?? []).sort()
}

async function readHistory(
  client: pg.Client,
  table: 'schema_migrations' | 'seed_files',
  column: 'version' | 'path',
): Promise<Set<string>> {
  const { rows: found } = await client.query<{ found: boolean }>(
    'select to_regclass($1) is not null as found',
    [`supabase_migrations.${table}`],
  )
  if (found[0]?.found !== true) return new Set()
  const { rows } = await client.query<{ value: string }>(
    `select ${column} as value from supabase_migrations.${table}`,
  )
  return new Set(rows.map((row) => row.value))
}

async function isFile(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
