/**
 * Column values: from PostgreSQL's text to JSON text as `to_jsonb` writes it. Numbers stay text, so that they keep their
 * digits.
 */

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
      return arrayToJson(value, kind.element, kind.delimiter)
    case 'text':
    case 'database':
      return JSON.stringify(value)
  }
}

/** `{a,"b c",NULL,{...}}`, perhaps after its bounds (`[0:1]=`). */
function arrayToJson(text: string, element: ValueKind, delimiter: string): string {
  let at = text.indexOf('{')
  const list = (): string => {
    const items: string[] = []
    at++
    while (text[at] !== '}' && at < text.length) {
      if (text[at] === '{') items.push(list())
      else if (text[at] === '"') items.push(toJson(quotedItem(), element, true))
      else items.push(bareItem())
      if (text[at] === delimiter) at++
    }
    at++
    return `[${items.join(', ')}]`
  }
  const quotedItem = (): string => {
    let item = ''
    for (at++; text[at] !== '"' && at < text.length; at++) {
      if (text[at] === '\\') at++
      item += text[at]
    }
    at++
    return item
  }
  const bareItem = (): string => {
    const start = at
    while (at < text.length && text[at] !== delimiter && text[at] !== '}') at++
    const item = text.slice(start, at)
    return toJson(item === 'NULL' ? null : item, element, true)
  }
  return at === -1 ? 'null' : list()
}
