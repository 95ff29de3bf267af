import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ERROR_CODES } from '../functions-shared/error-codes.ts'

const page = readFileSync(new URL('../docs/error-codes.md', import.meta.url), 'utf8')

/** Rows of the page's tables: code, status, cause, remedy. */
function documentedCodes(): Map<string, string[]> {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  return new Map(
    rows.map((line) => {
      const cells = line.split('|').map((cell) => cell.trim())
      return [(cells[1] ?? '').replaceAll('`', ''), cells.slice(2, 5)] as const
    }),
  )
}

test('the page lists every code, and no other', () => {
  expect([...documentedCodes().keys()].sort()).toEqual(Object.keys(ERROR_CODES).sort())
})

test('every code has its status, a cause and a remedy', () => {
  for (const [code, [status, cause, remedy]] of documentedCodes()) {
    const known = Object.entries(ERROR_CODES).find(([name]) => name === code)?.[1]
    expect({ code, status }).toEqual({ code, status: String(known?.status) })
    expect(cause?.length, code).toBeGreaterThan(10)
    expect(remedy?.length, code).toBeGreaterThan(10)
  }
})
