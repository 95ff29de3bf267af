/** Many users, each with one page with the client's defaults. Tokens are signed here: hashing passwords would take long. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { mintToken } from '../../stack/keys/index.ts'
import type { StackKeys } from '../../stack/types.ts'
import { type Account, openListener, QUICK, type TestListener } from './fault-listener.ts'

/** Options that are left at the client's defaults. */
const PAGE_DEFAULTS = Object.fromEntries(Object.keys(QUICK).map((name) => [name, undefined]))

/** Pages that connect at the same time. */
const AT_ONCE = 25

export interface Person {
  account: Account
  page: TestListener
}

/** Resolves when every page is live. */
export async function openCrowd(url: string, keys: StackKeys, db: pg.Pool, count: number): Promise<Person[]> {
  const accounts = Array.from({ length: count }, () => {
    const id = randomUUID()
    return { id, email: `${id}@crowd.test` }
  })
  await db.query(
    `insert into auth.users (id, email) select id, id || '@crowd.test' from unnest($1::uuid[]) as id`,
    [accounts.map(({ id }) => id)],
  )
  const people: Person[] = []
  while (people.length < count) {
    const batch = accounts.slice(people.length, people.length + AT_ONCE)
    people.push(...(await Promise.all(batch.map((account) => openPage(url, keys, account)))))
  }
  return people
}

async function openPage(url: string, keys: StackKeys, account: Account): Promise<Person> {
  const accessToken = await mintToken(keys, {
    sub: account.id,
    email: account.email,
    role: 'authenticated',
    aud: 'authenticated',
    session_id: randomUUID(),
  })
  const page = await openListener(url, keys.publishableKey, account, { ...PAGE_DEFAULTS, accessToken })
  await page.client.connect(account.id)
  return { account, page }
}

/** One durable notification for each of them, in one statement. */
export async function notifyEach(db: pg.Pool, people: readonly Person[]): Promise<void> {
  await db.query(
    `with job as (
       insert into public.jobs (kind, user_id, subject_id, next_attempt_at)
       select 'image', id, gen_random_uuid(), now() + interval '1 day' from unnest($1::uuid[]) as id
       returning id
     ) select id from job`,
    [people.map(({ account }) => account.id)],
  )
  await db.query(`update public.jobs set status = 'failed' where status = 'queued' and user_id = any ($1)`, [
    people.map(({ account }) => account.id),
  ])
}
