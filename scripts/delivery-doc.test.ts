/** Every test that docs/delivery.md names exists. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './process.ts'

const REFERENCE = /^- `([^`]+)`: "(.+)"$/gm
const page = readFileSync(join(ROOT, 'docs', 'delivery.md'), 'utf8')

test('every promise names a test', () => {
  const promises = page.split(/^(?=\*\*\d+\. )/m).slice(1)
  expect(promises.length).toBeGreaterThan(10)
  expect(promises.filter((promise) => promise.search(REFERENCE) === -1)).toEqual([])
  const numbers = promises.map((promise) => Number(/^\*\*(\d+)/.exec(promise)?.[1]))
  expect(numbers).toEqual(promises.map((_, index) => index + 1))
})

test('every test that is named exists', () => {
  const named = [...page.matchAll(REFERENCE)].map(([, file = '', title = '']) => ({ file, title }))
  const missing = named.filter(({ file, title }) => !titlesOf(file).includes(title))
  expect(missing).toEqual([])
})

/** All quoted strings of a test file: titles of tests, and of cases in tables. */
function titlesOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8')
  return [...source.matchAll(/'((?:[^'\\\n]|\\.)+)'/g)].map(([, title = '']) => title)
}
