import path from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase } from './database.ts'
import { runPgTap } from './pgtap.ts'

const fixture = (name: string) => path.join(import.meta.dirname, 'fixtures', name)

test('a passing file has no problems', async () => {
  await using database = await createTestDatabase({ migrations: false })
  const result = await runPgTap(fixture('passing.sql'), database)
  expect(result.problems).toEqual([])
  expect(result.tests).toHaveLength(2)
})

test('a failed test, an SQL error and the tests that it prevented are all reported', async () => {
  await using database = await createTestDatabase({ migrations: false })
  const { problems } = await runPgTap(fixture('failing.sql'), database)
  expect(problems).toHaveLength(3)
  expect(problems[0]).toMatch(/^line 5: function no_such_function\(\) does not exist \(42883\)/)
  expect(problems[1]).toMatch(/^1 - one is two/)
  expect(problems[2]).toBe('3 tests were planned and 2 were run.')
})
