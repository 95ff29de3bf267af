/** Conversion of PostgreSQL's text format to JSON values, as PostgREST has them. Types that are not listed stay text. */

import type { CustomTypesConfig } from 'pg'
import { type ArrayItem, parseArray } from '../database-arrays.ts'

type Parse = (text: string) => unknown

/** JSON has no number for NaN and the infinities; PostgREST writes them as text. */
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

/** Element type and delimiter of each array type, by object identifier; types of the application included. */
export type ArrayTypes = ReadonlyMap<number, { element: number; delimiter: string }>

/** @param arrayTypes asked for every result, because types come and go */
export function typesConfig(arrayTypes: () => ArrayTypes): CustomTypesConfig {
  const parserOf = (oid: number): Parse => {
    const array = arrayTypes().get(oid)
    if (array === undefined) return PARSERS.get(oid) ?? String
    const parse = parserOf(array.element)
    return (text) => converted(parseArray(text, array.delimiter), parse)
  }
  return { getTypeParser: parserOf }
}

function converted(items: readonly ArrayItem[], parse: Parse): unknown[] {
  return items.map((item) =>
    Array.isArray(item) ? converted(item, parse) : item === null ? null : parse(item),
  )
}
