/** One change of a row, read from the replication stream. */

import type { Pgoutput } from 'pg-logical-replication'
import type { Action } from './params.ts'

/** Values as PostgreSQL's text; undefined for a large value that did not change, which PostgreSQL does not send. */
export type Tuple = Readonly<Record<string, string | null | undefined>>

export interface Change {
  relation: Pgoutput.MessageRelation
  action: Action
  /** After the change; empty for a deleted row. */
  row: Tuple
  /** Before the change: every column, or only the key, as the table's replica identity has it. */
  old: Tuple
  transaction: Transaction
}

export interface Transaction {
  /** Lower 32 bits. */
  xid: number
  /** ISO 8601 with milliseconds, UTC. */
  committedAt: string
}

/** Distinct transactions of changes. */
export function xidsOf(changes: readonly Change[]): number[] {
  return [...new Set(changes.map((change) => change.transaction.xid))]
}

export function transactionOf(begin: Pgoutput.MessageBegin): Transaction {
  const micros = BigInt(String(begin.commitTime))
  return { xid: begin.xid >>> 0, committedAt: new Date(Number(micros / 1000n)).toISOString() }
}

/** @returns undefined for messages that are not a change of a row */
export function changeOf(message: Pgoutput.Message, transaction: Transaction): Change | undefined {
  switch (message.tag) {
    case 'insert':
      return { relation: message.relation, action: 'INSERT', row: message.new, old: {}, transaction }
    case 'update': {
      const { relation, key, old } = message
      // PostgreSQL sends the old key only if it changed.
      const before = old ?? key ?? pick(message.new, relation.keyColumns)
      return { relation, action: 'UPDATE', row: message.new, old: before, transaction }
    }
    case 'delete': {
      const { relation, key, old } = message
      return { relation, action: 'DELETE', row: {}, old: old ?? key ?? {}, transaction }
    }
    default:
      return undefined
  }
}

function pick(row: Tuple, names: string[]): Tuple {
  return Object.fromEntries(names.map((name) => [name, row[name]]))
}
