import { expect, test } from 'vitest'
import { parseTap } from './tap.ts'

test('a good run has no problems', () => {
  const result = parseTap(['1..2', 'ok 1 - members see the incident', 'ok 2 - others do not'])
  expect(result.problems).toEqual([])
  expect(result.tests.map((one) => one.name)).toEqual(['members see the incident', 'others do not'])
})

test('a failed test is a problem, with what pgTAP says about it', () => {
  const result = parseTap([
    '1..1',
    'not ok 1 - others see nothing',
    '# Failed test 1\n#     have: 1\n#     want: 0',
  ])
  expect(result.problems).toEqual([
    '1 - others see nothing\n    Failed test 1\n        have: 1\n        want: 0',
  ])
})

test('fewer tests than planned, and no plan at all, are problems', () => {
  expect(parseTap(['1..3', 'ok 1 - first']).problems).toEqual(['3 tests were planned and 1 were run.'])
  expect(parseTap(['ok 1']).problems).toHaveLength(1)
})

test('skipped and todo tests do not fail', () => {
  const { tests, problems } = parseTap(['1..2', 'ok 1 # SKIP no pg_net', 'not ok 2 - later # TODO not yet'])
  expect(problems).toEqual([])
  expect(tests.map(({ name, directive }) => [name, directive])).toEqual([
    ['', 'skip'],
    ['later', 'todo'],
  ])
})
