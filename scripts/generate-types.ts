/**
 * Writes `functions-shared/database.types.ts` from the migrations: a temporary database, every migration, and
 * the Supabase CLI's type generator.
 *
 *   npm run types               writes the file
 *   npm run types -- --check    exits with 1 when the file is not what the migrations give
 */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { DATABASE_TYPES_FILE, generateDatabaseTypes } from '../stack/postgres/database-types.ts'
import { startTestCluster } from '../stack/testing/cluster.ts'

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

async function main(): Promise<void> {
  const generated = await generate()
  const file = path.relative(process.cwd(), DATABASE_TYPES_FILE)
  if (!values.check) {
    await writeFile(DATABASE_TYPES_FILE, generated)
    console.log(`Wrote ${file}.`)
    return
  }
  const committed = await readFile(DATABASE_TYPES_FILE, 'utf8').catch(() => '')
  if (committed === generated) {
    console.log(`${file} is what the migrations give.`)
    return
  }
  console.error(`${file} is not what the migrations give; run "npm run types" and commit it.`)
  process.exitCode = 1
}

async function generate(): Promise<string> {
  await using cluster = await startTestCluster()
  await using database = await cluster.createDatabase()
  return await generateDatabaseTypes(database.urls.postgres)
}

await main()
