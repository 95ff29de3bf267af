/** Auth and the database in memory, for tests of the webhook: accounts and received responses. */

import { AppError } from '../../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import type { TypeformResponse } from '../../../../functions-shared/typeform.ts'
import type { Inbox, ReceivedResponse } from '../inbox.ts'
import type { Account, Accounts, Reporter } from '../reporter.ts'

export interface FakeAccounts extends Accounts {
  all: Account[]
  /** Users by the token of their form link. */
  links: Map<string, string>
  failWith: ErrorCode | null
}

/** Ids and addresses are unique, as in `auth.users`. Each call answers later, so that calls can overtake each other. */
export function fakeAccounts(existing: readonly Account[]): FakeAccounts {
  const accounts: FakeAccounts = {
    all: [...existing],
    links: new Map(),
    failWith: null,
    async findByFormLink(token) {
      await answer()
      return accounts.links.get(token) ?? null
    },
    async find(id) {
      await answer()
      return accounts.all.find((account) => account.id === id) ?? null
    },
    async create(account) {
      await answer()
      if (!account.email.includes('@')) return { outcome: 'email_refused' }
      if (accounts.all.some(({ email }) => email === account.email)) return { outcome: 'email_taken' }
      if (accounts.all.some(({ id }) => id === account.id)) {
        return { outcome: 'failed', error: new AppError('internal_error') }
      }
      const opened = { ...account, isProven: false }
      accounts.all.push(opened)
      return { outcome: 'created', account: opened }
    },
  }
  const answer = async () => {
    await Promise.resolve()
    if (accounts.failWith !== null) throw new AppError(accounts.failWith)
  }
  return accounts
}

export interface FakeInbox extends Inbox {
  received: [TypeformResponse, Reporter][]
  failWith: Error | null
}

export function fakeInbox(): FakeInbox {
  const byToken = new Map<string, ReceivedResponse>()
  const inbox: FakeInbox = {
    received: [],
    failWith: null,
    async findOwner(token) {
      await Promise.resolve()
      if (inbox.failWith !== null) throw inbox.failWith
      return byToken.get(token)?.userId ?? null
    },
    async receive(response, reporter) {
      await Promise.resolve()
      if (inbox.failWith !== null) throw inbox.failWith
      const { token } = response.form_response
      const known = byToken.get(token)
      if (known) return { ...known, duplicate: true }
      inbox.received.push([response, reporter])
      const fresh: ReceivedResponse = {
        incidentId: `incident-of-${token}`,
        userId: reporter.userId ?? 'holder',
        documentIds: ['document-1'],
        jobIds: ['job-1'],
        duplicate: false,
      }
      byToken.set(token, fresh)
      return fresh
    },
  }
  return inbox
}
