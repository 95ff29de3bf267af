/**
 * A binding of `config.postgres_changes`, e.g.
 * `{event: 'UPDATE', schema: 'public', table: 'jobs', filter: 'id=eq.1,status=not.in.(a,b)', select: ['id']}`.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { inspect } from '../join-config.ts'

export const OPERATORS = [
  'eq',
  'neq',
  'lt',
  'lte',
  'gt',
  'gte',
  'in',
  'like',
  'ilike',
  'is',
  'match',
  'imatch',
  'isdistinct',
] as const

export type Operator = (typeof OPERATORS)[number]

export interface Filter {
  column: string
  operator: Operator
  /** For `in` the text of an array, e.g. `{a,b}`. */
  value: string
  negate: boolean
}

export type Action = 'INSERT' | 'UPDATE' | 'DELETE'

export interface BindingParams {
  action: Action | '*'
  schema: string
  /** `*` for every table. */
  table: string
  filters: Filter[]
  /** Undefined: every column. */
  select: string[] | undefined
}

export type ParsedParams = { ok: true; params: BindingParams } | { ok: false; message: string }

const WILDCARD_SELECT =
  'Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.'
const SELECT_TEXT =
  'Error parsing `select` params: expected a list of column name strings, e.g. select: ["col1", "col2"]'
const NOTHING =
  'No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: '

export function parseParams(binding: unknown): ParsedParams {
  if (!isRecord(binding)) return failure(NOTHING + inspect(binding))
  if (typeof binding.select === 'string') return failure(SELECT_TEXT)
  const { schema, table, filter } = binding
  const hasTable = Object.hasOwn(binding, 'table')
  const hasFilter = Object.hasOwn(binding, 'filter')
  const names =
    typeof schema === 'string' && typeof table === 'string' && (typeof filter === 'string' || !hasFilter)
      ? { schema, table }
      : typeof schema === 'string' && !hasTable && !hasFilter
        ? { schema, table: '*' }
        : typeof table === 'string' && !Object.hasOwn(binding, 'schema') && !hasFilter
          ? { schema: 'public', table }
          : undefined
  if (!names) {
    const secret = Object.hasOwn(binding, 'user_token') || Object.hasOwn(binding, 'auth_token')
    return failure(NOTHING + (secret ? '<redacted>' : inspect(sorted(binding))))
  }
  const filters = typeof filter === 'string' ? parseFilters(filter) : []
  if (typeof filters === 'string') return failure(`Error parsing \`filter\` params: ${filters}`)
  const select = selection(binding.select)
  if (select && (names.schema === '*' || names.table === '*')) return failure(WILDCARD_SELECT)
  return { ok: true, params: { action: actionOf(binding.event), ...names, filters, select } }
}

/** @returns the filters, or the error text */
function parseFilters(text: string): Filter[] | string {
  const trimmed = text.trim()
  if (trimmed === '') return []
  const filters: Filter[] = []
  for (const segment of splitSegments(trimmed)) {
    const filter = parseFilter(segment.trim())
    if (typeof filter === 'string') return filter
    filters.push(filter)
  }
  return filters
}

/** Splits at commas outside of parentheses and of quotes that begin a value. */
function splitSegments(text: string): string[] {
  const segments: string[] = []
  let start = 0
  let depth = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (quoted) {
      if (character === '\\') index++
      else if (character === '"') quoted = false
    } else if (character === '"' && '.(,'.includes(text[index - 1] ?? ' ')) quoted = true
    else if (character === '(') depth++
    else if (character === ')') depth = Math.max(0, depth - 1)
    else if (character === ',' && depth === 0) {
      segments.push(text.slice(start, index))
      start = index + 1
    }
  }
  segments.push(text.slice(start))
  return segments
}

function parseFilter(segment: string): Filter | string {
  if (segment === '') return 'filter must not contain empty segments (check for extra commas)'
  const [column = '', condition] = splitOnce(segment, '=')
  if (condition === undefined) return inspect([segment])
  const negate = condition.startsWith('not.')
  const [name = '', value] = splitOnce(negate ? condition.slice('not.'.length) : condition, '.')
  if (value === undefined) return inspect([name])
  const operator = OPERATORS.find((known) => known === name)
  if (!operator) return inspect([name, value])
  if (operator !== 'in') return { column, operator, value: unquoted(value), negate }
  if (!/^\(.*\)$/s.test(value)) return '`in` filter value must be wrapped by parentheses'
  return { column, operator, value: `{${value.slice(1, -1)}}`, negate }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** Removes the double quotes around a value; other values stay as they are. */
function unquoted(value: string): string {
  const match = /^"((?:[^"\\]|\\.)*)"$/s.exec(value)
  return match ? (match[1] ?? '').replace(/\\(.)/gs, '$1') : value
}

function selection(select: unknown): string[] | undefined {
  if (!Array.isArray(select)) return undefined
  const columns = select.filter((column) => typeof column === 'string')
  return columns.length > 0 ? columns : undefined
}

function actionOf(event: unknown): Action | '*' {
  const name = typeof event === 'string' ? event.toUpperCase() : '*'
  return name === 'INSERT' || name === 'UPDATE' || name === 'DELETE' ? name : '*'
}

/** Elixir prints the keys of a small map in order. */
function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function failure(message: string): ParsedParams {
  return { ok: false, message }
}
