/**
 * Migrations and seed, applied by the Supabase CLI with its history tables, as `supabase db push` does on a
 * hosted project. The call is left out when the database already has them all.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AppError } from '../../functions-shared/app-error.ts'
import type { Logger } from '../types.ts'
import { withClient } from './connection.ts'

export interface ApplyMigrationsOptions {
  /** Database to change, as role `postgres`. */
  url: string
  logger: Logger
  /** Folder that contains `supabase/`. Default: this repository. */
  projectDir?: string
  /** Also applies `supabase/seed.sql`. Default true. */
  seed?: boolean
}

const REPOSITORY = path.resolve(import.meta.dirname, '../..')
const MIGRATION_FILE = /^(\d+)_.+\.sql$/

/**
 * @returns the versions that were applied now, in order.
 * @throws AppError `migration_failed` with the file, the statement and the server's words in `details`.
 */
export async function applyMigrations(options: ApplyMigrationsOptions): Promise<{ applied: string[] }> {
  const projectDir = options.projectDir ?? REPOSITORY
  const seed = (options.seed ?? true) && (await isFile(path.join(projectDir, 'supabase/seed.sql')))
  const local = await localVersions(projectDir)
  const before = await withClient(options.url, async (client) => {
    const versions = await readHistory(client, 'schema_migrations', 'version')
    const seeds = await readHistory(client, 'seed_files', 'hash')
    return { versions, seeds }
  })
  const missing = local.filter((version) => !before.versions.has(version))
  const seedHash = seed ? await sha256Of(path.join(projectDir, 'supabase/seed.sql')) : null
  if (missing.length === 0 && (seedHash === null || before.seeds.has(seedHash))) return { applied: [] }

  await runSupabase(['db', 'push', `--remote=${options.url}`, '--yes', ...(seed ? ['--include-seed'] : [])], {
    projectDir,
    logger: options.logger,
    secret: options.url,
  })
  return { applied: missing }
}

async function localVersions(projectDir: string): Promise<string[]> {
  const names = await readdir(path.join(projectDir, 'supabase/migrations'))
  return names.flatMap((name) => MIGRATION_FILE.exec(name)?.[1] ?? []).sort()
}

async function readHistory(
  client: import('pg').Client,
  table: 'schema_migrations' | 'seed_files',
  column: 'version' | 'hash',
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

async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

async function isFile(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/**
 * Runs the Supabase CLI on this project, without telemetry, update checks or a home folder.
 * @param options.secret a URL with a password, cut out of everything that is reported.
 * @returns what it printed on stdout.
 */
export async function runSupabase(
  args: readonly string[],
  options: { projectDir: string; logger: Logger; secret: string },
): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('supabase/package.json')
  const program = path.join(path.dirname(manifest), 'dist/supabase.js')
  const home = await mkdtemp(path.join(tmpdir(), 'claimwire-supabase-'))
  const redact = (text: string) => text.replaceAll(options.secret, '<database url>')
  try {
    const { code, stdout, stderr } = await capture(
      process.execPath,
      [program, ...args, '--workdir', options.projectDir, '--agent', 'no'],
      {
        PATH: process.env.PATH ?? '',
        HOME: home,
        SUPABASE_HOME: home,
        SUPABASE_TELEMETRY_DISABLED: '1',
        SUPABASE_NO_UPDATE_NOTIFIER: '1',
        SUPABASE_NO_KEYRING: '1',
        DO_NOT_TRACK: '1',
        // The server is on this machine and speaks no TLS.
        PGSSLMODE: 'disable',
      },
    )
    for (const line of redact(stderr).split('\n')) {
      if (line.trim() !== '') options.logger.debug('migrations', line)
    }
    if (code === 0) return stdout
    throw new AppError('migration_failed', { details: { output: redact(`${stderr}${stdout}`).trim() } })
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

function capture(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr })
      else reject(error)
    })
  })
}
