/** The `data` of a change as one role and selection of columns sees it. */

import type { Change, Tuple } from './change.ts'
import type { ToJson } from './conversion.ts'
import type { TableInfo } from './table-info.ts'

export interface View {
  /** Columns that the role may read. */
  readable: ReadonlySet<string>
  /** Undefined: every column. */
  select: readonly string[] | undefined
}

/** A larger change is sent without its large values. */
const MAX_CHANGE_BYTES = 1_048_576
/** Values up to this size stay in a change that is too large. */
const SMALL_VALUE_BYTES = 64

const ERROR = {
  noKey: 'Error 400: Bad Request, no primary key',
  unauthorized: 'Error 401: Unauthorized',
  tooLarge: 'Error 413: Payload Too Large',
} as const

/** The error that subscribers with this view get in place of the row. */
export function viewError(change: Change, table: TableInfo, view: View): string | undefined {
  if (change.action === 'DELETE') return undefined
  if (table.primaryKey.size === 0) return ERROR.noKey
  for (const name of table.primaryKey) if (!view.readable.has(name)) return ERROR.unauthorized
  return undefined
}

/** @returns JSON text */
export function changeData(change: Change, table: TableInfo, view: View, toJson: ToJson): string {
  const error = viewError(change, table, view)
  if (error)
    return assemble(change, { record: '{}', columns: '[]', errors: error, old: '{}', committedAt: null })
  const visible = (name: string) =>
    view.readable.has(name) && (!view.select || view.select.includes(name) || table.primaryKey.has(name))
  const tooLarge = sizeOf(change.row) + sizeOf(change.old) > MAX_CHANGE_BYTES
  const columns = change.relation.columns
    .filter(({ name }) => visible(name))
    .map(
      ({ name }) =>
        `{"name": ${JSON.stringify(name)}, "type": ${JSON.stringify(table.columns.get(name)?.typeName ?? '')}}`,
    )
  // Row level security cannot be checked on a deleted row, so only its key is sent.
  const onlyKey = change.action === 'DELETE' && table.rowSecurity
  return assemble(change, {
    record: recordJson(change.row, toJson, tooLarge, visible),
    columns: `[${columns.join(', ')}]`,
    errors: tooLarge ? ERROR.tooLarge : undefined,
    old: recordJson(
      change.old,
      toJson,
      tooLarge,
      (name) => visible(name) && (!onlyKey || table.primaryKey.has(name)),
    ),
    committedAt: change.transaction.committedAt,
  })
}

interface Parts {
  record: string
  columns: string
  errors: string | undefined
  old: string
  committedAt: string | null
}

function assemble({ action, relation }: Change, parts: Parts): string {
  const fields = [
    `"table":${JSON.stringify(relation.name)}`,
    `"type":"${action}"`,
    ...(action === 'DELETE' ? [] : [`"record":${parts.record}`]),
    `"columns":${parts.columns}`,
    `"errors":${parts.errors ? JSON.stringify([parts.errors]) : 'null'}`,
    `"schema":${JSON.stringify(relation.schema)}`,
    `"commit_timestamp":${JSON.stringify(parts.committedAt)}`,
    ...(action === 'INSERT' ? [] : [`"old_record":${parts.old}`]),
  ]
  return `{${fields.join(',')}}`
}

/** Keys in the order of `jsonb`: shorter ones first. */
function recordJson(
  row: Tuple,
  toJson: ToJson,
  tooLarge: boolean,
  visible: (name: string) => boolean,
): string {
  const fields: { name: string; json: string }[] = []
  for (const [name, value] of Object.entries(row)) {
    if (value === undefined || !visible(name)) continue
    const json = toJson(name, value)
    if (tooLarge && Buffer.byteLength(json) > SMALL_VALUE_BYTES) continue
    fields.push({ name, json })
  }
  fields.sort((a, b) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
  return `{${fields.map(({ name, json }) => `${JSON.stringify(name)}: ${json}`).join(', ')}}`
}

function sizeOf(row: Tuple): number {
  let size = 0
  for (const value of Object.values(row)) size += value?.length ?? 0
  return size
}
