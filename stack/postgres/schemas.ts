/** The database as `supabase/schemas` describes it: files by concept, in the order that `config.toml` names them in. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { parse } from 'smol-toml'
import { AppError } from '../../functions-shared/app-error.ts'
import { describeSqlError } from './sql-error.ts'

export interface SchemaFile {
  /** e.g. `supabase/schemas/jobs.sql` */
  name: string
  sql: string
}

/** @param projectDir folder that contains `supabase/`. @throws Error when `[db.migrations] schema_paths` is no list of files. */
export async function readSchemas(projectDir: string): Promise<SchemaFile[]> {
  const supabase = path.join(projectDir, 'supabase')
  const paths = schemaPaths(parse(await readFile(path.join(supabase, 'config.toml'), 'utf8')))
  return Promise.all(
    paths.map(async (file) => ({
      name: path.posix.join('supabase', file),
      sql: await readFile(path.join(supabase, file), 'utf8'),
    })),
  )
}

/**
 * Runs the files one after the other, each as one transaction.
 *
 * @param client connected as `postgres` to a database without migrations.
 * @throws AppError `migration_failed`, naming file and line.
 */
export async function applySchemas(client: pg.Client, files: readonly SchemaFile[]): Promise<void> {
  for (const { name, sql } of files) {
    try {
      await client.query(sql)
    } catch (cause) {
      if (!(cause instanceof pg.DatabaseError)) throw cause
      throw new AppError('migration_failed', {
        cause,
        details: { file: name, ...describeSqlError(cause, sql) },
      })
    }
  }
}

function schemaPaths(config: Record<string, unknown>): string[] {
  const paths = at(at(config.db, 'migrations'), 'schema_paths')
  if (!Array.isArray(paths) || paths.length === 0)
    throw new Error('config.toml has no [db.migrations] schema_paths.')
  return paths.map((file: unknown) => {
    if (typeof file !== 'string' || !file.endsWith('.sql'))
      throw new Error(`schema_paths names files, and ${String(file)} is none.`)
    return file
  })
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
