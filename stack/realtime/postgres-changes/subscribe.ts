/** Writes subscriptions to `realtime.subscription`, where the database checks them. */

import pg from 'pg'
import type { Database } from '../database.ts'
import { inspect } from '../join-config.ts'
import type { Claims } from '../tokens.ts'
import type { BindingParams, Filter } from './params.ts'
import { describeSqlError } from './sql-error.ts'

export const CHANGES_PUBLICATION = 'supabase_realtime'

export type SubscribeResult = { ok: true } | { ok: false; message: string }

const INSERT = `
  with published as (
    select format('%I.%I', schemaname, tablename)::regclass as entity
    from pg_catalog.pg_publication_tables
    where pubname = $1 and (schemaname = $2 or $2 = '*') and (tablename = $3 or $3 = '*')
  ), written as (
    insert into realtime.subscription (subscription_id, entity, filters, claims, action_filter, selected_columns)
    select $4::uuid, published.entity,
      (
        select coalesce(array_agg(row (f.name, f.op, f.value, f.negate)::realtime.user_defined_filter), '{}')
        from unnest($5::text[], $6::realtime.equality_op[], $7::text[], $8::boolean[]) as f (name, op, value, negate)
      ),
      $9::jsonb, $10::text, $11::text[]
    from published
    returning 1
  )
  select count(*)::integer as tables from written`

/**
 * @returns the text for the client when the database refuses
 * @throws when the database is away
 */
export async function insertSubscription(
  database: Database,
  id: string,
  params: BindingParams,
  claims: Claims,
): Promise<SubscribeResult> {
  const { action, schema, table, filters, select } = params
  const described = `[event: ${action}, schema: ${schema}, table: ${table}, filters: ${describeFilters(filters)}, select: ${inspect(select)}]`
  try {
    const [row] = await database.query<{ tables: number }>(INSERT, [
      CHANGES_PUBLICATION,
      schema,
      table,
      id,
      filters.map((filter) => filter.column),
      filters.map((filter) => filter.operator),
      filters.map((filter) => filter.value),
      filters.map((filter) => filter.negate),
      JSON.stringify(claims),
      action,
      select ?? null,
    ])
    if (row && row.tables > 0) return { ok: true }
    return {
      ok: false,
      message: `Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: ${described}`,
    }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || /^(08|53|57|58|XX)/.test(error.code ?? '')) throw error
    return {
      ok: false,
      message: `Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: ${described}. Exception: ${describeSqlError(error)}`,
    }
  }
}

export async function deleteSubscriptions(database: Database, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  await database.query('delete from realtime.subscription where subscription_id = any ($1::uuid[])', [ids])
}

/** Subscriptions of an earlier server are still in the table. */
export async function deleteAllSubscriptions(database: Database): Promise<void> {
  await database.query('delete from realtime.subscription', [])
}

const LINE_WIDTH = 80

/** As Elixir prints a list of tuples: on one line if it fits, else wrapped. */
function describeFilters(filters: Filter[]): string {
  const tuples = filters.map(({ column, operator, value, negate }) =>
    [column, operator, value, negate].map(inspect),
  )
  const line = `[${tuples.map((parts) => `{${parts.join(', ')}}`).join(', ')}]`
  if (line.length <= LINE_WIDTH) return line
  return `[\n${tuples.map((parts) => wrapped(parts, 2)).join(',\n')}\n]`
}

function wrapped(parts: string[], indent: number): string {
  let text = `${' '.repeat(indent)}{`
  let column = text.length
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1
    const length = part.length + 1
    if (index > 0) {
      const fits = column + 1 + length <= LINE_WIDTH
      text += fits ? ' ' : `\n${' '.repeat(indent + 1)}`
      column = fits ? column + 1 : indent + 1
    }
    text += part + (isLast ? '}' : ',')
    column += length
  }
  return text
}
