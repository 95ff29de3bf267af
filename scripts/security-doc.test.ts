/** docs/security.md names a test for every threat that is held, and every file of e2e/abuse. */

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './process.ts'

const LINK = /\]\(([^)]+)\)/g
/** Tests of vitest, of Deno and of pgTAP. That the files exist is held by docs.test.ts. */
const TEST_FILE = /(?:\.test\.ts|_test\.ts|\/supabase\/tests\/\d\d_\w+\.sql)$/

const page = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8')
const section = page.split(/^## /m).find((part) => part.startsWith('What holds each')) ?? ''
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, threat = '', holder = '', proof = '']) => ({
    threat,
    holder,
    tests: [...proof.matchAll(LINK)].map(([, target = '']) => target),
  }))

test('every threat has what holds it, and tests that prove it', () => {
  expect(rows.length).toBeGreaterThan(15)
  const unproven = rows.filter(({ holder, tests }) => holder === '' || tests.length === 0)
  expect(unproven.map(({ threat }) => threat)).toEqual([])
  const noTests = rows.flatMap(({ tests }) => tests).filter((target) => !TEST_FILE.test(target))
  expect(noTests).toEqual([])
})

test('every file of e2e/abuse is named', () => {
  const named = new Set(rows.flatMap(({ tests }) => tests))
  const files = globSync('e2e/abuse/*.test.ts', { cwd: ROOT }).map((file) => `../e2e/abuse/${basename(file)}`)
  expect(files.length).toBeGreaterThan(3)
  expect(files.filter((file) => !named.has(file))).toEqual([])
})
