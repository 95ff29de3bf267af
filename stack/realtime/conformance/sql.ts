/** Statements of recordings, run on connections that stay open, with their warnings. */

import pg from 'pg'
import { isRecord } from '../../../functions-shared/unknown.ts'
import type { SqlOutcome } from './recording.ts'

export interface SqlSession extends AsyncDisposable {
  run(role: string, text: string, params: unknown[]): Promise<SqlOutcome>
}

/** @param urlOf the database as a role sees it; one connection is made per URL */
export function openSqlSession(urlOf: (role: string) => string): SqlSession {
  const clients = new Map<string, Promise<pg.Client>>()
  return {
    async run(role, text, params) {
      const url = urlOf(role)
      const client = clients.get(url) ?? connect(url)
      clients.set(url, client)
      return runSql(await client, text, params)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients.values()].map(async (client) => (await client).end()))
    },
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  return client
}

async function runSql(client: pg.Client, text: string, params: unknown[]): Promise<SqlOutcome> {
  const notices: string[] = []
  const listener = (notice: { severity?: string | undefined; message?: string | undefined }) => {
    if (notice.severity === 'WARNING') notices.push(`WARNING: ${notice.message}`)
  }
  client.on('notice', listener)
  try {
    const result: unknown = params.length > 0 ? await client.query(text, params) : await client.query(text)
    const rows: unknown = JSON.parse(JSON.stringify(isRecord(result) ? result.rows : []))
    return { rows: Array.isArray(rows) ? rows : [], notices, error: undefined }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return { rows: undefined, notices, error: { code: error.code ?? '', message: error.message } }
  } finally {
    client.off('notice', listener)
  }
}
