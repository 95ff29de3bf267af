/** Migrations, schedules and functions of this checkout, which a project should have. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../process.ts'

export interface Checkout {
  migrations: string[]
  cronJobs: string[]
  buckets: string[]
  functions: string[]
}

export function readCheckout(): Checkout {
  const migrations = join(ROOT, 'supabase', 'migrations')
  const files = readdirSync(migrations)
    .filter((name) => name.endsWith('.sql'))
    .sort()
  const sql = files.map((name) => readFileSync(join(migrations, name), 'utf8')).join('\n')
  return {
    migrations: files.flatMap((name) => name.split('_')[0] ?? []),
    cronJobs: namesIn(sql, /cron\.schedule\(\s*'([^']+)'/g),
    buckets: namesIn(sql, /\('([a-z-]+)', '\1', (?:true|false)/g),
    functions: functionNames(),
  }
}

function namesIn(sql: string, pattern: RegExp): string[] {
  return [...new Set([...sql.matchAll(pattern)].flatMap(([, name]) => name ?? []))].sort()
}

function functionNames(): string[] {
  const folder = join(ROOT, 'supabase', 'functions')
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'index.ts')))
    .sort()
}
