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
 * @throws AppError `migration_failed` with `file` and `reason` (the server's words and the statement, or what is wrong
 * with their order) in `details`.
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
  checkOrder(before.versions, local, missing, options.logger)
  if (missing.length === 0 && (!seed || before.seeds.has(SEED_FILE))) return { applied: [] }

  const { code, stdout, stderr } = await runSupabase(
    ['db', 'push', '--yes', '--output-format', 'json', ...(seed ? ['--include-seed'] : [])],
    { projectDir, databases: { remote: options.url } },
  )
  for (const line of stderr.split('\n')) {
    if (line.trim() !== '') options.logger.debug('migrations', line)
  }
  if (code !== 0)
    throw new AppError('migration_failed', { details: { ...describePushFailure(stdout, stderr) } })
  return { applied: missing }
}

/**
 * The CLI only goes forward, in the order of the files' times. Three things stand in its way: a database from before the
 * baseline, a migration with an earlier time than one that is applied, and an applied migration without a file.
 */
function checkOrder(
  applied: ReadonlySet<string>,
  local: readonly string[],
  missing: readonly string[],
  logger: Logger,
): void {
  const [baseline] = local
  const before = [...applied].every((version) => !local.includes(version) && version < (baseline ?? ''))
  if (applied.size > 0 && before) {
    throw failure({
      reason: `The database was made by migrations that the baseline supabase/migrations/${baseline}_… has replaced; it cannot be brought up to date.`,
      hint: 'Start with --fresh, as in `npm start -- --fresh`: that deletes the data folder with its accounts, incidents and files. Without --fresh nothing is deleted: the checkout that made the database still runs it.',
    })
  }
  const unknown = [...applied].filter((version) => !local.includes(version)).sort()
  const last = [...applied].sort().at(-1) ?? ''
  const late = missing.filter((version) => version < last)
  const fresh = 'or start with --fresh to begin with an empty database.'
  if (late.length > 0) {
    throw failure({
      file: late.map((version) => `supabase/migrations/${version}_…`).join(', '),
      reason: `A migration with a later time, ${last}, has been applied already.`,
      hint: `Give the new migration a later time than ${last}, where it is yours; ${fresh}`,
    })
  }
  if (unknown.length === 0) return
  const names = unknown.join(', ')
  if (missing.length === 0) {
    logger.warn('migrations', 'the database has migrations that this checkout lacks', { versions: names })
    return
  }
  throw failure({
    reason: `The database has migrations that this checkout lacks: ${names}.`,
    hint: `Bring them back (another branch has them, or they were renamed); ${fresh}`,
  })
}

function failure(details: { file?: string; reason: string; hint: string }): AppError {
  return new AppError('migration_failed', { details })
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
