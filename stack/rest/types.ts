/**
 * How values travel between JSON and PostgreSQL's text format, as PostgREST has it. What does not fit a type is sent
 * as it is: the database refuses it with its own message.
 */

import { randomUUID } from 'node:crypto'

interface WireType {
  to: number
  from: number[]
  serialize: (value: unknown) => string
  parse: (text: string) => unknown
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function wireType(oid: number, parse: (text: string) => unknown = (text) => text): WireType {
  return { to: oid, from: [oid], serialize: textOf, parse }
}

/** NaN and the infinities are text in JSON. */
function numberOrText(text: string): number | string {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}

/** Text behind this mark is JSON already; nobody outside of this process can write it. */
const ENCODED_MARK = `json-${randomUUID()}:`

/** A JSON value that must not be encoded once more on its way to the database. */
export function encodedJson(json: string): string {
  return ENCODED_MARK + json
}

function jsonType(oid: number): WireType {
  return {
    to: oid,
    from: [oid],
    serialize: (value) =>
      typeof value === 'string' && value.startsWith(ENCODED_MARK)
        ? value.slice(ENCODED_MARK.length)
        : JSON.stringify(value),
    parse: (text) => JSON.parse(text),
  }
}

/** By object identifiers of PostgreSQL's built-in types. */
export const WIRE_TYPES: Readonly<Record<string, WireType>> = {
  bool: { ...wireType(16, (text) => text === 't') },
  bytea: wireType(17),
  json: jsonType(114),
  jsonb: jsonType(3802),
  float4: wireType(700, numberOrText),
  float8: wireType(701, numberOrText),
  numeric: wireType(1700, numberOrText),
  timestamp: wireType(1114, (text) => text.replace(/^(\d{4,}-\d\d-\d\d) (\S+)$/, '$1T$2')),
  // 2026-01-02 03:04:05.678+00 -> 2026-01-02T03:04:05.678+00:00
  timestamptz: wireType(1184, (text) =>
    text.replace(
      /^(\d{4,}-\d\d-\d\d) (\S+?)([+-]\d\d)(:\d\d)?$/,
      (_all, date, time, hours, minutes) => `${date}T${time}${hours}${minutes ?? ':00'}`,
    ),
  ),
}
