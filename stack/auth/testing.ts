/** For tests: reads the mails that a test's Auth has sent, and opens their links. */

import { randomUUID } from 'node:crypto'
import type { TestApi } from '../gateway/testing.ts'
import { withClient } from '../testing/database.ts'
import type { Mail } from './index.ts'

export function newEmail(): string {
  return `${randomUUID()}@example.com`
}

export interface ReadMail {
  code: string
  /** `GET /verify` with the token. */
  link: URL
  /** For `verifyOtp({ token_hash })`. */
  token: string
  type: string
}

/** Reads mails of GoTrue's form: a link and a code. */
export function mailReader(api: Pick<TestApi, 'mails'>): {
  mailsTo(address: string): Mail[]
  lastMail(address: string): ReadMail
} {
  const mailsTo = (address: string): Mail[] => api.mails.filter(({ to }) => to === address)
  return {
    mailsTo,
    lastMail(address) {
      const html = mailsTo(address).at(-1)?.html ?? ''
      const href = /href="([^"]+)"/.exec(html)?.[1] ?? 'https://no-link.test'
      const link = new URL(href.replaceAll('&#38;', '&').replaceAll('&#43;', '+'))
      return {
        code: /Code: (\d+)/.exec(html)?.[1] ?? '',
        link,
        token: link.searchParams.get('token') ?? '',
        type: link.searchParams.get('type') ?? '',
      }
    },
  }
}

/** Opens a link as a browser does, but does not follow its redirect. */
export async function openLink(
  link: URL | string,
): Promise<{ status: number; target: URL; fragment: URLSearchParams }> {
  const response = await fetch(link, { redirect: 'manual' })
  const target = new URL(response.headers.get('location') ?? '')
  return { status: response.status, target, fragment: new URLSearchParams(target.hash.slice(1)) }
}

/** Runs a statement as `postgres`. */
export async function runSql(
  api: Pick<TestApi, 'database'>,
  statement: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  return withClient(
    api.database.urls.postgres,
    async (client) => (await client.query(statement, values)).rows,
  )
}
