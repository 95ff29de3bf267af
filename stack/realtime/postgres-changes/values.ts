/**
 * Column values: from PostgreSQL's text to JSON text as `to_jsonb` writes it. Numbers stay text, so that they keep their
 * digits.
 */

import { type ArrayItem, parseArray } from '../../database-arrays.ts'

export type ValueKind =
  | { kind: 'number' | 'boolean' | 'json' | 'timestamp' | 'timestamptz' | 'bytea' | 'text' }
  /** `char` and `bit`: the real server casts to the type without its length, which is one character. */
  | { kind: 'first character' }
  | { kind: 'array'; element: ValueKind; delimiter: string }
  /** Composite types, and types with a cast to JSON of their own: PostgreSQL converts the value. */
  | { kind: 'database' }

/** A row of `pg_type`. */
export interface TypeRow {
  oid: number
  typname: string
  typtype: string
  typcategory: string
  typelem: number
  typbasetype: number
  typdelim: string
  /** Whether a cast to json exists. */
  json_cast: boolean
}

const NUMBERS = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric'])

export function kindOf(oid: number, types: ReadonlyMap<number, TypeRow>): ValueKind {
  const type = types.get(oid)
  if (!type) return { kind: 'text' }
  if (type.typtype === 'd') return kindOf(type.typbasetype, types)
  if (type.typcategory === 'A' && type.typelem !== 0) {
    const delimiter = types.get(type.typelem)?.typdelim ?? ','
    const element = kindOf(type.typelem, types)
    return element.kind === 'database' ? element : { kind: 'array', element, delimiter }
  }
  if (type.typtype === 'c' || type.json_cast) return { kind: 'database' }
  if (NUMBERS.has(type.typname)) return { kind: 'number' }
  switch (type.typname) {
    case 'bool':
      return { kind: 'boolean' }
    case 'json':
    case 'jsonb':
      return { kind: 'json' }
    case 'timestamp':
    case 'timestamptz':
    case 'bytea':
      return { kind: type.typname }
    case 'bpchar':
    case 'bit':
      return { kind: 'first character' }
    default:
      return { kind: 'text' }
  }
}

/**
 * @param isItem the value is an array's item. The real server decodes values before `to_jsonb`, but not items.
 * @returns JSON text
 */
export function toJson(value: string | null, kind: ValueKind, isItem = false): string {
  if (value === null) return 'null'
  switch (kind.kind) {
    case 'number':
      if (/^(NaN|-?Infinity)$/.test(value)) return isItem ? JSON.stringify(value) : 'null'
      return value
    case 'boolean':
      return value === 't' ? 'true' : 'false'
    case 'json':
      return value
    case 'timestamp':
      return JSON.stringify(value.replace(' ', 'T'))
    case 'timestamptz':
      return JSON.stringify(value.replace(' ', 'T').replace(/([+-]\d\d)( BC)?$/, '$1:00$2'))
    case 'bytea':
      return JSON.stringify(isItem ? value : value.replace(/^\\x/, ''))
    case 'first character':
      return JSON.stringify(String.fromCodePoint(value.codePointAt(0) ?? 0x20))
    case 'array':
      return listToJson(parseArray(value, kind.delimiter), kind.element)
    case 'text':
    case 'database':
      return JSON.stringify(value)
  }
}

function listToJson(items: readonly ArrayItem[], element: ValueKind): string {
  const texts = items.map((item) =>
    Array.isArray(item) ? listToJson(item, element) : toJson(item, element, true),
  )
  return `[${texts.join(', ')}]`
}
