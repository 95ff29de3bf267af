/** Runs the pgTAP files beside it, each in a database of its own. On a Docker stack: `supabase test db`. */

import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../../stack/testing/database.ts'
import { runPgTap } from '../../stack/testing/pgtap.ts'

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.sql'))

test.each(files)('%s', async (file) => {
  await using database = await createTestDatabase()
  const { problems, tests } = await runPgTap(path.join(import.meta.dirname, file), database)
  expect(problems).toEqual([])
  expect(tests.length).toBeGreaterThan(0)
})
