import pg from 'pg'
import { expect, test } from 'vitest'
import { describeSqlError } from './sql-error.ts'

function sqlError(fields: Partial<pg.DatabaseError>): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('it went wrong', 0, 'error'), fields)
}

test('the position becomes a line and its text; characters count, not UTF-16 units', () => {
  const sql = "select '🚗';\nselect 1;\n  select nothing;"
  const position = String([...sql].indexOf('n', 24) + 1)
  expect(describeSqlError(sqlError({ code: '42703', position }), sql)).toEqual({
    reason: 'it went wrong (42703)',
    line: 3,
    near: 'select nothing;',
  })
})

test('detail and hint are kept; without a position there is no line', () => {
  expect(describeSqlError(sqlError({ code: '23505', detail: 'Key exists.', hint: 'Wait.' }), '')).toEqual({
    reason: 'it went wrong (23505): Key exists.',
    hint: 'Wait.',
  })
})
