import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../testing/database.ts'
import { DATABASE_TYPES_FILE, generateDatabaseTypes } from './database-types.ts'

test('the committed types are what the migrations give; run "npm run types" when this fails', async () => {
  await using database = await createTestDatabase()
  const generated = await generateDatabaseTypes(database.urls.postgres)
  expect(await readFile(DATABASE_TYPES_FILE, 'utf8')).toBe(generated)
})
