/**
 * Creates the objects that hosted Supabase has before any migration: `bootstrap/NN_name.sql`, in order, as the
 * superuser. Applied when a file or a password has changed since the last time; the files are idempotent.
 *
 * The files read secrets with `current_setting('stack.<name>')`:
 *   stack.db_password  password of the roles that log in
 */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { AppError } from '../../functions-shared/app-error.ts'
import { describeSqlError } from './sql-error.ts'

const BOOTSTRAP_DIR = path.join(import.meta.dirname, 'bootstrap')
const BOOTSTRAP_FILE = /^\d\d_[a-z_]+\.sql$/

export interface BootstrapSecrets {
  dbPassword: string
  /** 64 hexadecimal digits; the vault's key, one for the cluster. */
  vaultKey: string
}

/**
 * @param client connected as `supabase_admin`.
 * @returns whether the files were applied.
 * @throws AppError `bootstrap_failed`, naming file and line.
 */
export async function applyBootstrap(client: pg.Client, secrets: BootstrapSecrets): Promise<boolean> {
  const files = await readBootstrapFiles()
  const hash = createHash('sha256')
    .update(JSON.stringify([files, secrets]))
    .digest('hex')
  if ((await appliedHash(client)) === hash) return false
  await client.query(`select set_config('stack.db_password', $1, false)`, [secrets.dbPassword])
  for (const { name, sql } of files) await runNamed(client, `stack/postgres/bootstrap/${name}`, sql)
  await client.query('reset stack.db_password')
  await runNamed(client, 'vault key', 'select vault._install_key($1)', [secrets.vaultKey])
  await client.query(`
    create schema if not exists _stack;
    create table if not exists _stack.bootstrap (only_row bool primary key default true check (only_row), hash text not null);
    comment on schema _stack is 'Book-keeping of the embedded stack; hosted Supabase has no such schema.';
  `)
  await client.query(
    `insert into _stack.bootstrap (hash) values ($1) on conflict (only_row) do update set hash = excluded.hash`,
    [hash],
  )
  return true
}

async function runNamed(client: pg.Client, file: string, sql: string, values?: unknown[]): Promise<void> {
  try {
    await client.query(sql, values)
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError)) throw cause
    throw new AppError('bootstrap_failed', { cause, details: { file, ...describeSqlError(cause, sql) } })
  }
}

async function readBootstrapFiles(): Promise<{ name: string; sql: string }[]> {
  const names = (await readdir(BOOTSTRAP_DIR)).filter((name) => BOOTSTRAP_FILE.test(name)).sort()
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(path.join(BOOTSTRAP_DIR, name), 'utf8') })),
  )
}

async function appliedHash(client: pg.Client): Promise<string | null> {
  const { rows: found } = await client.query<{ found: boolean }>(
    `select to_regclass('_stack.bootstrap') is not null as found`,
  )
  if (found[0]?.found !== true) return null
  const { rows } = await client.query<{ hash: string }>('select hash from _stack.bootstrap')
  return rows[0]?.hash ?? null
}
