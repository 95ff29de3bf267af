/** An SQL error in the words of a developer: line, statement's text there, and the server's hints. */

import type pg from 'pg'

export interface SqlErrorDescription {
  reason: string
  /** 1 for the first line of `sql`; absent when the server gave no position. */
  line?: number
  near?: string
  hint?: string
  where?: string
}

/** @param sql the text that was sent; `position` counts its characters. */
export function describeSqlError(error: pg.DatabaseError, sql: string): SqlErrorDescription {
  const description: SqlErrorDescription = { reason: `${error.message} (${error.code ?? 'no SQLSTATE'})` }
  if (error.detail !== undefined) description.reason += `: ${error.detail}`
  const position = Number(error.position)
  if (error.position !== undefined && Number.isInteger(position)) {
    const before = [...sql].slice(0, position - 1).join('')
    description.line = before.split('\n').length
    description.near = sql.split('\n')[description.line - 1]?.trim() ?? ''
  }
  if (error.hint !== undefined) description.hint = error.hint
  if (error.where !== undefined) description.where = error.where
  return description
}
