import { expect, test } from 'vitest'
import { parseJson } from './json.ts'

const nested = (levels: number, open = '[', close = ']'): string => open.repeat(levels) + close.repeat(levels)

test('1,000 levels are read', () => {
  expect(JSON.stringify(parseJson(nested(1000)))).toBe(nested(1000))
})

test.each([
  [nested(1001)],
  [nested(100_000)],
  [`{"a":${nested(1000)}}`],
  [nested(500_000, '{"a":', '}').replace('{"a":}', '{}')],
  ['[{'.repeat(50_000)],
])('deeper JSON is refused: %.20s', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError)
})

test.each([
  JSON.stringify('['.repeat(5000)),
  JSON.stringify({ text: `"${'[{'.repeat(5000)}\\` }),
  JSON.stringify(Array.from({ length: 5000 }, () => ({ a: [1] }))),
])('brackets in strings and side by side are no depth: %.20s', (text) => {
  expect(parseJson(text)).toEqual(JSON.parse(text))
})

test.each(['', '{', '"abc', '"\\', '[1'])('%j is no JSON', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError)
})
