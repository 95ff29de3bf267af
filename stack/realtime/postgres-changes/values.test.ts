import { describe, expect, it } from 'vitest'
import { kindOf, type TypeRow, toJson, type ValueKind } from './values.ts'

function type(oid: number, typname: string, more: Partial<TypeRow> = {}): [number, TypeRow] {
  const base = { typtype: 'b', typcategory: 'X', typelem: 0, typbasetype: 0, typdelim: ',', json_cast: false }
  return [oid, { oid, typname, ...base, ...more }]
}

const TYPES = new Map([
  type(1, 'int4'),
  type(2, '_int4', { typcategory: 'A', typelem: 1 }),
  type(3, 'positive', { typtype: 'd', typbasetype: 1 }),
  type(4, 'box', { typdelim: ';' }),
  type(5, '_box', { typcategory: 'A', typelem: 4 }),
  type(6, 'mood', { typtype: 'e', typcategory: 'E' }),
  type(7, 'point_3d', { typtype: 'c', typcategory: 'C' }),
  type(8, '_point_3d', { typcategory: 'A', typelem: 7 }),
  type(9, 'hstore', { json_cast: true }),
])

describe('kinds of types', () => {
  it('look through domains and arrays', () => {
    expect(kindOf(3, TYPES)).toEqual({ kind: 'number' })
    expect(kindOf(2, TYPES)).toEqual({ kind: 'array', element: { kind: 'number' }, delimiter: ',' })
    expect(kindOf(5, TYPES)).toEqual({ kind: 'array', element: { kind: 'text' }, delimiter: ';' })
    expect(kindOf(6, TYPES)).toEqual({ kind: 'text' })
    for (const oid of [7, 8, 9]) expect(kindOf(oid, TYPES)).toEqual({ kind: 'database' })
    expect(kindOf(99, TYPES)).toEqual({ kind: 'text' })
  })
})

describe('values as JSON', () => {
  const text: ValueKind = { kind: 'text' }
  const texts: ValueKind = { kind: 'array', element: text, delimiter: ',' }

  it.each<[string | null, ValueKind, string]>([
    [null, text, 'null'],
    ['9007199254740993', { kind: 'number' }, '9007199254740993'],
    ['NaN', { kind: 'number' }, 'null'],
    ['-Infinity', { kind: 'number' }, 'null'],
    ['t', { kind: 'boolean' }, 'true'],
    ['f', { kind: 'boolean' }, 'false'],
    ['{"z": 1.50}', { kind: 'json' }, '{"z": 1.50}'],
    ['2026-01-02 01:04:05.678901+00', { kind: 'timestamptz' }, '"2026-01-02T01:04:05.678901+00:00"'],
    ['infinity', { kind: 'timestamptz' }, '"infinity"'],
    ['2026-01-02 03:04:05.5', { kind: 'timestamp' }, '"2026-01-02T03:04:05.5"'],
    ['\\x00ff10', { kind: 'bytea' }, '"00ff10"'],
    ['ch  ', { kind: 'first character' }, '"c"'],
    ['{}', texts, '[]'],
    ['{a,"b c",NULL,"NULL","d\\"q"}', texts, '["a", "b c", null, "NULL", "d\\"q"]'],
    ['{{1,2},{3,4}}', { kind: 'array', element: { kind: 'number' }, delimiter: ',' }, '[[1, 2], [3, 4]]'],
    ['{NaN,1}', { kind: 'array', element: { kind: 'number' }, delimiter: ',' }, '["NaN", 1]'],
    ['{"\\\\x00ff"}', { kind: 'array', element: { kind: 'bytea' }, delimiter: ',' }, '["\\\\x00ff"]'],
    ['[0:1]={7,8}', { kind: 'array', element: { kind: 'number' }, delimiter: ',' }, '[7, 8]'],
  ])('%s', (value, kind, json) => {
    expect(toJson(value, kind)).toBe(json)
  })
})
