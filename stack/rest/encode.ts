/**
 * Prepares callers' values for the driver. JSON values are encoded here, by the type of their column or argument: the
 * driver would send a list as an array and a text as JSON.
 */

import { isRecord } from '../../functions-shared/unknown.ts'
import { parseArray } from '../database-arrays.ts'
import type { Introspection } from './lite.ts'

export interface FunctionCall {
  name: string
  args: Readonly<Record<string, unknown>>
  /** Arguments of a query string are text: JSON as such, arrays in PostgreSQL's notation. */
  fromQuery: boolean
}

/** Encoded JSON. Neither the library nor the driver mistakes it for a text or a list. */
class Json {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** Called by the driver. */
  toPostgres(): string {
    return this.#text
  }

  /** Called where the library encodes objects itself. */
  toJSON(): unknown {
    return JSON.parse(this.#text)
  }
}

type Values = Readonly<Record<string, unknown>>

/** An argument is encoded by its type, if all matching overloads have the same type for it. */
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

/** Encodes the JSON columns of one row or several rows of a table. */
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
  if (!fromQuery || typeof value !== 'string') return isJson(type) ? new Json(JSON.stringify(value)) : value
  if (isJson(type)) return value
  // Of several values the library takes the last: here the only one, which is the list.
  return type.endsWith('[]') && /^\{.*\}$/s.test(value) ? [parseArray(value)] : value
}

function isJson(type: string): boolean {
  return type === 'json' || type === 'jsonb'
}
