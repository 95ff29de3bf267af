import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseArray } from './database-arrays.ts'

describe('arrays in text format', () => {
  test.each([
    ['{}', []],
    ['{a,b}', ['a', 'b']],
    ['{"a b","c,d","e\\"f","g\\\\h",""}', ['a b', 'c,d', 'e"f', 'g\\h', '']],
    ['{NULL,"NULL"}', [null, 'NULL']],
    [
      '{{1,2},{3,4}}',
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    ['{"{x}","ä\nö"}', ['{x}', 'ä\nö']],
    ['[0:1]={a,b}', ['a', 'b']],
    ['{unfinished,"', ['unfinished', '"']],
  ])('%s', (text, expected) => {
    expect(parseArray(text)).toEqual(expected)
  })

  test('of boxes have semicolons between their items', () => {
    expect(parseArray('{(1,1),(0,0);(2,2),(1,1)}', ';')).toEqual(['(1,1),(0,0)', '(2,2),(1,1)'])
  })

  test('of any texts are read back', () => {
    const item = fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }))
    fc.assert(
      fc.property(fc.array(item, { maxLength: 20 }), (items) => {
        const quoted = items.map((text) => (text === null ? 'NULL' : `"${text.replace(/[\\"]/g, '\\$&')}"`))
        expect(parseArray(`{${quoted.join(',')}}`)).toEqual(items)
      }),
    )
  })

  test('that are nested very deeply do not exhaust the stack', () => {
    expect(parseArray('{'.repeat(100_000))).toHaveLength(1)
  })
})
