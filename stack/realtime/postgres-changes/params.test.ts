import { describe, expect, it } from 'vitest'
import { parseParams } from './params.ts'

function filters(filter: string): unknown {
  const parsed = parseParams({ schema: 'public', table: 't', filter })
  return parsed.ok ? parsed.params.filters : parsed.message
}

describe('a binding', () => {
  it.each([
    [
      { schema: 's', table: 't' },
      { action: '*', schema: 's', table: 't' },
    ],
    [{ schema: 's' }, { action: '*', schema: 's', table: '*' }],
    [{ table: 't' }, { action: '*', schema: 'public', table: 't' }],
    [
      { event: 'insert', table: 't' },
      { action: 'INSERT', schema: 'public', table: 't' },
    ],
    [
      { event: 'nonsense', table: 't' },
      { action: '*', schema: 'public', table: 't' },
    ],
  ])('%j names a table', (binding, params) => {
    expect(parseParams(binding)).toMatchObject({ ok: true, params })
  })

  it.each([
    [{}, '%{}'],
    [{ event: '*' }, '%{"event" => "*"}'],
    [{ schema: 'public', filter: 'id=eq.1' }, '%{"filter" => "id=eq.1", "schema" => "public"}'],
    [
      { schema: 'public', table: 't', filter: null },
      '%{"filter" => nil, "schema" => "public", "table" => "t"}',
    ],
    [{ user_token: 'secret' }, '<redacted>'],
  ])('%j names no table', (binding, printed) => {
    expect(parseParams(binding)).toEqual({
      ok: false,
      message: `No subscription params provided. Please provide at least a \`schema\` or \`table\` to subscribe to: ${printed}`,
    })
  })
})

describe('filters', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['a=eq.b', [{ column: 'a', operator: 'eq', value: 'b', negate: false }]],
    ['a=not.is.null', [{ column: 'a', operator: 'is', value: 'null', negate: true }]],
    ['a=eq."b,c.d"', [{ column: 'a', operator: 'eq', value: 'b,c.d', negate: false }]],
    ['a=eq."b\\"c"', [{ column: 'a', operator: 'eq', value: 'b"c', negate: false }]],
    ['a=in.(b,c)', [{ column: 'a', operator: 'in', value: '{b,c}', negate: false }]],
    [
      'a=match.^[ab](x|y),b=gt.1',
      [
        { column: 'a', operator: 'match', value: '^[ab](x|y)', negate: false },
        { column: 'b', operator: 'gt', value: '1', negate: false },
      ],
    ],
  ])('%s', (text, expected) => {
    expect(filters(text)).toEqual(expected)
  })

  it.each([
    ['undefined', '["undefined"]'],
    ['a=foo.b', '["foo", "b"]'],
    ['a=eq.with,comma', '["comma"]'],
    ['a=eq.1,,b=eq.2', 'filter must not contain empty segments (check for extra commas)'],
    ['a=in.b,c', '`in` filter value must be wrapped by parentheses'],
  ])('%s is refused', (text, reason) => {
    expect(filters(text)).toBe(`Error parsing \`filter\` params: ${reason}`)
  })
})

describe('a selection', () => {
  it('ignores items that are no text, and selects every column without any name', () => {
    const select = (value: unknown) => {
      const parsed = parseParams({ schema: 'public', table: 't', select: value })
      return parsed.ok ? parsed.params.select : parsed.message
    }
    expect(select(['a', 1])).toEqual(['a'])
    expect(select([])).toBeUndefined()
    expect(select('a,b')).toMatch(/^Error parsing `select` params/)
    expect(parseParams({ schema: 'public', select: ['a'] })).toMatchObject({
      ok: false,
      message: expect.stringContaining('wildcard'),
    })
  })
})
