/** How values of PostgreSQL's text format become JSON, as PostgREST has them. What is not listed stays text. */

import type { CustomTypesConfig } from 'pg'

type Parse = (text: string) => unknown

/** NaN and the infinities are text in JSON. */
function numberOrText(text: string): number | string {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}

/** By object identifiers of PostgreSQL's built-in types. */
const PARSERS: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  [16, (text) => text === 't'], // bool
  [20, (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text))], // int8
  [21, Number], // int2
  [23, Number], // int4
  [114, (text) => JSON.parse(text)], // json
  [3802, (text) => JSON.parse(text)], // jsonb
  [700, numberOrText], // float4
  [701, numberOrText], // float8
  [1700, numberOrText], // numeric
  [1114, (text) => text.replace(/^(\d{4,}-\d\d-\d\d) (\S+)$/, '$1T$2')], // timestamp
  [1184, isoTime], // timestamptz
])

/** `2026-01-02 03:04:05.678+00` becomes `2026-01-02T03:04:05.678+00:00`. */
function isoTime(text: string): string {
  return text.replace(
    /^(\d{4,}-\d\d-\d\d) (\S+?)([+-]\d\d)(:\d\d)?$/,
    (_all, date, time, hours, minutes) => `${date}T${time}${hours}${minutes ?? ':00'}`,
  )
}

/** Element type of each array type, by object identifier; enums and other types of the application included. */
export type ArrayTypes = ReadonlyMap<number, number>

/** @param arrayTypes asked anew for every result, as types come and go. */
export function typesConfig(arrayTypes: () => ArrayTypes): CustomTypesConfig {
  const parserOf = (oid: number): Parse => {
    const element = arrayTypes().get(oid)
    if (element !== undefined) return (text) => parseArray(text, parserOf(element))
    return PARSERS.get(oid) ?? String
  }
  return { getTypeParser: parserOf }
}

/** `{1,"a b",NULL,{2,3}}`: elements are plain, quoted, or lists themselves; bounds before `=` are dropped. */
export function parseArray(text: string, parse: Parse): unknown[] {
  const source = text.slice(text.indexOf('{'))
  let position = 1
  const list = (): unknown[] => {
    const items: unknown[] = []
    for (;;) {
      const character = source[position]
      if (character === undefined || character === '}') {
        position++
        return items
      }
      if (character === ',') position++
      else if (character === '{') {
        position++
        items.push(list())
      } else items.push(element())
    }
  }
  const element = (): unknown => {
    const match = /"((?:[^"\\]|\\.)*)"|[^,{}]+/suy
    match.lastIndex = position
    const [whole = '', quoted] = match.exec(source) ?? []
    position += Math.max(whole.length, 1)
    if (quoted !== undefined) return parse(quoted.replace(/\\(.)/gsu, '$1'))
    return whole.trim().toUpperCase() === 'NULL' ? null : parse(whole.trim())
  }
  return list()
}
