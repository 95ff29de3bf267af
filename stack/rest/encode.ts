/**
 * Prepares what callers send for the driver. JSON is encoded here, once and by the type of its destination: the driver
 * would take a list for an array and a text for JSON.
 */

import type { Introspection } from './lite.ts'
import { parseArray } from './types.ts'

export interface FunctionCall {
  name: string
  args: Readonly<Record<string, unknown>>
  /** Arguments of a query string are text: JSON as such, arrays in PostgreSQL's notation. */
  fromQuery: boolean
}

/** JSON on its way: neither the library nor the driver takes it for a text or a list. */
class Json {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** What the driver sends. */
  toPostgres(): string {
    return this.#text
  }

  /** Where the library encodes objects itself, the outcome is the same. */
  toJSON(): unknown {
    return JSON.parse(this.#text)
  }
}

type Values = Readonly<Record<string, unknown>>

/** An argument is encoded by its type, when every overload that fits agrees on it. */
export function encodeArguments(call: FunctionCall, schema: Introspection): Record<string, unknown> {
  const names = Object.keys(call.args)
  const overloads = (schema.functions ?? []).filter(
    (candidate) => candidate.name === call.name && names.every((name) => candidate.arg_names.includes(name)),
  )
  return Object.fromEntries(
    Object.entries(call.args).map(([name, value]) => {
      const types = new Set(overloads.map(({ arg_names, arg_types }) => arg_types[arg_names.indexOf(name)]))
      const [type] = types.size === 1 ? types : []
      return [name, type === undefined ? value : encodeArgument(value, type, call.fromQuery)]
    }),
  )
}

/** One row, or several, of a table: JSON columns are encoded. */
export function encodeRows(rows: object, table: string, schema: Introspection): object {
  const jsonColumns = schema.columns
    .filter((column) => column.table === table && isJson(column.pg_type ?? column.type))
    .map((column) => column.name)
  if (jsonColumns.length === 0) return rows
  const encodeRow = (row: unknown): unknown => (isRecord(row) ? encodeColumns(row, jsonColumns) : row)
  return Array.isArray(rows) ? rows.map(encodeRow) : encodeColumns({ ...rows }, jsonColumns)
}

function encodeColumns(row: Values, columns: readonly string[]): Values {
  const encoded: Record<string, unknown> = { ...row }
  for (const name of columns) {
    const value = row[name]
    if (value !== undefined && value !== null) encoded[name] = new Json(JSON.stringify(value))
  }
  return encoded
}

function encodeArgument(value: unknown, type: string, fromQuery: boolean): unknown {
  if (value === null || value === undefined) return value
  if (!fromQuery) return isJson(type) ? new Json(JSON.stringify(value)) : value
  if (typeof value !== 'string') return isJson(type) ? new Json(JSON.stringify(value)) : value
  if (isJson(type)) return value
  // Of several values the library takes the last, which here is the list.
  return type.endsWith('[]') && /^\{.*\}$/s.test(value) ? [parseArray(value, String)] : value
}

function isJson(type: string): boolean {
  return type === 'json' || type === 'jsonb'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
