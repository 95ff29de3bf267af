/**
 * Which changes pass a set of filters. Equality of texts, integers and UUIDs is decided here. Other conditions are
 * decided by PostgreSQL, with its own operators, in one query for all changes of a batch. A value that the stream does
 * not contain passes no filter.
 */

import type { Database } from '../database.ts'
import type { Change, Tuple } from './change.ts'
import type { Filter, Operator } from './params.ts'
import type { TableInfo } from './table-info.ts'

/** @returns for each change whether it passes. @throws when the database is away */
export async function passing(
  database: Database,
  table: TableInfo,
  filters: readonly Filter[],
  changes: readonly Change[],
): Promise<boolean[]> {
  const rows = changes.map((change) => (change.action === 'DELETE' ? change.old : change.row))
  const passed = rows.map(() => true)
  const asked: Filter[] = []
  for (const filter of filters) {
    const test = plainTest(filter, table.columns.get(filter.column)?.typeName ?? '')
    if (!test) {
      asked.push(filter)
      continue
    }
    for (const [index, row] of rows.entries()) {
      const value = row[filter.column]
      if (value === undefined || !test(value)) passed[index] = false
    }
  }
  if (asked.length === 0) return passed
  const answers = await askDatabase(database, table, asked, rows, passed)
  return passed.map((before, index) => before && answers.has(index))
}

const PLAIN_VALUE: Readonly<Record<string, RegExp>> = {
  text: /^/,
  varchar: /^/,
  int2: /^(0|-?[1-9]\d{0,4})$/,
  int4: /^(0|-?[1-9]\d{0,9})$/,
  int8: /^(0|-?[1-9]\d{0,18})$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
}

/** A test on PostgreSQL's text, for filters where equal values have equal texts; undefined for all others. */
function plainTest(
  { operator, value, negate }: Filter,
  typeName: string,
): ((text: string | null) => boolean) | undefined {
  if (operator === 'is' && value === 'null') return (text) => (text === null) !== negate
  if (operator !== 'eq' && operator !== 'neq') return undefined
  if (!PLAIN_VALUE[typeName]?.test(value)) return undefined
  const wanted = (operator === 'eq') !== negate
  return (text) => text !== null && (text === value) === wanted
}

const SYMBOL: Readonly<Record<Exclude<Operator, 'in' | 'is' | 'isdistinct'>, string>> = {
  eq: '=',
  neq: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  like: 'like',
  ilike: 'ilike',
  match: '~',
  imatch: '~*',
}

async function askDatabase(
  database: Database,
  table: TableInfo,
  filters: readonly Filter[],
  rows: readonly Tuple[],
  wanted: readonly boolean[],
): Promise<Set<number>> {
  const columns = [...new Set(filters.map((filter) => filter.column))]
  const candidates = rows.flatMap((row, index) =>
    wanted[index] && columns.every((column) => row[column] !== undefined) ? [index] : [],
  )
  if (candidates.length === 0) return new Set()
  const parameters: unknown[] = [candidates]
  const sources = columns.map((column) => {
    parameters.push(candidates.map((index) => rows[index]?.[column] ?? null))
    return `$${parameters.length}::text[]`
  })
  const names = columns.map((_, index) => `c${index}`)
  const conditions = filters.map((filter) => {
    const type = table.columns.get(filter.column)?.sqlType ?? 'text'
    return condition(filter, `r.c${columns.indexOf(filter.column)}::${type}`, type, parameters)
  })
  const found = await database.query<{ item: number }>(
    `select r.item from unnest($1::integer[], ${sources.join(', ')}) as r (item, ${names.join(', ')})
     where ${conditions.join(' and ')}`,
    parameters,
  )
  return new Set(found.map((row) => row.item))
}

/** @param parameters receives the filter's value */
function condition(filter: Filter, column: string, type: string, parameters: unknown[]): string {
  const { operator, value, negate } = filter
  if (operator === 'is') {
    // Safe to insert: the database has checked that the value is one of four words.
    return `(${column}) is ${negate ? 'not ' : ''}${value}`
  }
  parameters.push(value)
  const parameter = `$${parameters.length}::text`
  if (operator === 'isdistinct') {
    return `(${column}) is ${negate ? 'not ' : ''}distinct from (${parameter})::${type}`
  }
  const not = negate ? 'not ' : ''
  if (operator === 'in') return `${not}((${column}) = any ((${parameter})::${type}[]))`
  const isPattern =
    operator === 'like' || operator === 'ilike' || operator === 'match' || operator === 'imatch'
  return `${not}((${column})${isPattern ? '::text' : ''} ${SYMBOL[operator]} (${parameter})${isPattern ? '' : `::${type}`})`
}
