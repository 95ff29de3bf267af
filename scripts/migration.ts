/** Writes the next migration: the SQL that takes the database of the migrations to the database of the schemas. */

import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { CatalogueDifference } from '../stack/postgres/catalogue.ts'
import { type NextMigration, nextMigration } from '../stack/postgres/next-migration.ts'
import { startTestCluster } from '../stack/testing/cluster.ts'
import { parseFlags, runCommand, UsageError } from './command-line.ts'
import { migrationFile } from './migration-file.ts'
import { ROOT } from './process.ts'

const USAGE = `Usage: npm run migration -- <name>

Compares supabase/schemas with supabase/migrations and writes the difference to
supabase/migrations/<time>_<name>.sql. Change the schemas first; see docs/database.md.

  <name>    lower case words joined by _, such as add_vehicle_reports
  --help    this text`

const FOLDER = path.join(ROOT, 'supabase/migrations')

async function main(): Promise<void> {
  const { values, positionals } = parseFlags({
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  })
  if (values.help) return console.log(USAGE)
  const [name] = positionals
  if (name === undefined || positionals.length > 1) throw new UsageError('Give the migration one name.')
  const file = migrationFile(name, await readdir(FOLDER), new Date())
  const next = await compare()
  if (next.sql === '') return console.log('Nothing differs: the migrations make the database of the schemas.')
  await writeFile(path.join(FOLDER, file), contentOf(next))
  console.log(`Wrote supabase/migrations/${file}. Read it before you commit it, then run "npm run types".`)
  if (next.losses.length > 0) {
    console.log('\nThese statements delete what is stored. A renamed column looks like one that was dropped:')
    for (const statement of next.losses) console.log(`  ${statement}`)
  }
  if (next.unseen.length > 0) {
    console.error('\nThe comparison cannot write these differences. The file names them; add the statements:')
    for (const { object } of next.unseen) console.error(`  ${object}`)
    process.exitCode = 1
  }
}

async function compare(): Promise<NextMigration> {
  await using cluster = await startTestCluster()
  if (cluster.info.migrationFailure !== null) throw new UsageError(cluster.info.migrationFailure)
  await using migrated = await cluster.createDatabase()
  await using declared = await cluster.createDatabase({ migrations: false })
  return await nextMigration({
    projectDir: ROOT,
    migratedUrl: migrated.urls.postgres,
    declaredUrl: declared.urls.postgres,
  })
}

function contentOf({ sql, unseen }: NextMigration): string {
  return `-- Generated from what supabase/schemas has and the migrations before this one do not make.\n\n${sql.trim()}\n${unseen.map(reminder).join('')}`
}

function reminder({ object, first, second }: CatalogueDifference): string {
  const indented = (text: string | null) => (text ?? 'missing').replaceAll('\n', '\n--     ')
  return `\n-- To be written by hand: ${object}\n--   in the migrations: ${indented(first)}\n--   in the schemas: ${indented(second)}\n`
}

await runCommand(USAGE, main)
