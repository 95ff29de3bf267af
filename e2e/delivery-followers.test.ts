/**
 * Everybody who follows an incident (docs/delivery.md): with faults between the table and their pages each hears their
 * own sequence exactly, and the lists of two members are at every pause what a fresh read gives.
 */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { between, seededRandom } from '../stack/testing/seeded-random.ts'
import { keepListCurrent } from '../web/src/dashboard/live-list.ts'
import type { Incident } from '../web/src/dashboard/records.ts'
import { createRepository, type Repository } from '../web/src/dashboard/repository.ts'
import { DashboardStore } from '../web/src/dashboard/store.ts'
import {
  type Account,
  expectExactlyTheTable,
  newAccount,
  openListener,
  type TestListener,
} from './support/fault-listener.ts'
import { openPool } from './support/fault-load.ts'
import { startProxy } from './support/proxy.ts'

const random = seededRandom('delivery-followers.test.ts')
const { url, db: urls, keys } = inject('stack')
const users: string[] = []

let db: pg.Pool
beforeAll(() => {
  db = openPool(urls.postgres)
})
afterAll(async () => {
  await db.query('delete from public.jobs where user_id = any ($1)', [users])
  await db.query('delete from public.staff where user_id = any ($1)', [users])
  await db.end()
})

async function account(): Promise<Account> {
  const user = await newAccount({ url, keys })
  users.push(user.id)
  return user
}

/** An incident of the first user that the others handle. */
async function addIncident([owner, ...handlers]: readonly Account[], title = 'Crash'): Promise<string> {
  const incidentId = randomUUID()
  await db.query(`insert into public.incidents (id, user_id, title, source) values ($1, $2, $3, 'test')`, [
    incidentId,
    owner?.id,
    title,
  ])
  await db.query(
    `insert into public.incident_members (incident_id, user_id, role) select $1, unnest($2::uuid[]), 'handler'`,
    [incidentId, handlers.map(({ id }) => id)],
  )
  return incidentId
}

/** Documents whose jobs no function is nudged for: they are due tomorrow. @returns the ids of the jobs. */
async function addDocuments(incidentId: string, count: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `with job as (
       insert into public.jobs (kind, user_id, incident_id, subject_id, next_attempt_at)
       select 'image', incident.user_id, incident.id, gen_random_uuid(), now() + interval '1 day'
       from public.incidents as incident, generate_series(1, $2) where incident.id = $1
       returning id, user_id, subject_id
     ),
     document as (
       insert into public.documents (id, incident_id, user_id, job_id, kind, document_type)
       select job.subject_id, $1, job.user_id, job.id, 'photo', 'photo' from job
     )
     select id from job`,
    [incidentId, count],
  )
  return rows.map(({ id }) => id)
}

const end = (jobIds: readonly string[]) =>
  db.query(
    `update public.jobs set status = 'failed', error_code = 'internal_error' where id = any ($1) and status <> 'failed'`,
    [jobIds],
  )

test('three followers hear their sequences exactly while their connections are cut, and 10,000 rows of one statement', {
  timeout: 240_000,
}, async () => {
  await using owned = new AsyncDisposableStack()
  const proxy = owned.use(await startProxy(url))
  const people = await Promise.all([account(), account(), account(), account()])
  const pages: { person: Account; page: TestListener }[] = []
  for (const person of people.slice(1)) {
    const page = owned.use(await openListener(proxy.url, keys.publishableKey, person))
    await page.client.connect(person.id)
    pages.push({ person, page })
  }
  const incidentId = await addIncident(people)
  for (let round = 0; round < 6; round += 1) {
    const jobIds = await addDocuments(incidentId, between(random, 1, 5))
    proxy.cut()
    await end(jobIds)
    if (random() < 0.5) proxy.cut()
  }
  for (const { person, page } of pages) await expectExactlyTheTable(page, person, db)

  await end(await addDocuments(incidentId, 10_000))
  for (const { person, page } of pages) await expectExactlyTheTable(page, person, db)
  expect(pages.map(({ page }) => page.heard.length >= 10_000)).toEqual([true, true, true])
})

interface Page {
  person: Account
  page: TestListener
  repository: Repository
  store: DashboardStore
}

/** What the list shows of an incident. */
const listed = ({ id, title, ownerId, occurredOn, documents, reports }: Incident) => ({
  id,
  title,
  ownerId,
  occurredOn,
  documents: documents.map(({ id: documentId, job }) => [documentId, job?.status, job?.progress]).sort(),
  reports: reports.map(({ id: reportId, job }) => [reportId, job?.status]).sort(),
})

test('after twenty random actions by each of two members both lists are what a fresh read gives, within 2 s', {
  timeout: 120_000,
}, async () => {
  await using owned = new AsyncDisposableStack()
  const [anna, ben] = await Promise.all([account(), account()])
  const pages: Page[] = []
  for (const person of [anna, ben]) {
    const page = owned.use(await openListener(url, keys.publishableKey, person))
    const repository = createRepository(page.supabase)
    const store = new DashboardStore({ repository })
    owned.defer(() => store.close())
    // As a hidden page, which does not read the list again with each heartbeat.
    owned.defer(keepListCurrent(page.client, store, () => false))
    pages.push({ person, page, repository, store })
  }
  const incidents = [await addIncident([anna, ben], 'First'), await addIncident([ben, anna], 'Second')]
  for (const { page, person, store } of pages) {
    await store.refresh()
    await page.client.connect(person.id)
  }
  const jobs: string[] = []
  let number = 0
  const one = <T>(list: readonly T[]): T => {
    const item = list[between(random, 0, list.length - 1)]
    if (item === undefined) throw new RangeError('the list is empty')
    return item
  }
  const actions: ((page: Page) => Promise<unknown>)[] = [
    async ({ page }) =>
      page.supabase.rpc('add_case_note', { p_incident_id: one(incidents), p_body: 'A note' }),
    async ({ page }) => {
      number += 1
      return page.supabase.rpc('update_incident', {
        p_incident_id: one(incidents),
        p_title: `Title ${number}`,
      })
    },
    async () => jobs.push(...(await addDocuments(one(incidents), 1))),
    async () =>
      db.query(`update public.jobs set status = 'processing' where id = $1 and status = 'queued'`, [jobs[0]]),
    async () =>
      db.query(`update public.jobs set progress = $2 where id = $1 and status = 'processing'`, [
        jobs[0],
        between(random, 1, 99),
      ]),
    async () => end(jobs.splice(0, 1)),
    async ({ person }) =>
      incidents.push(await addIncident([person, person === anna ? ben : anna], 'Another')),
    async ({ person }) => addIncident([person], 'Alone'),
    // The other member leaves, or comes back.
    async () => {
      const incidentId = one(incidents)
      const { rowCount } = await db.query(
        `delete from public.incident_members where incident_id = $1 and role = 'handler'`,
        [incidentId],
      )
      if (rowCount === 0)
        await db.query(
          `insert into public.incident_members (incident_id, user_id, role)
           select id, case when user_id = $2 then $3::uuid else $2::uuid end, 'handler'
           from public.incidents where id = $1 on conflict do nothing`,
          [incidentId, anna.id, ben.id],
        )
    },
    async () => {
      if (incidents.length > 2)
        await db.query(`select public.erase_incident($1, 'test')`, incidents.splice(2, 1))
    },
  ]
  const reads = vi.fn()
  for (let n = 0; n < 20; n += 1) {
    await Promise.all(pages.map((page) => one(actions)(page)))
    await vi.waitFor(
      async () => {
        for (const { repository, store, person } of pages) {
          const fresh = await repository.listIncidents(null)
          reads()
          expect(store.state.incidents.map(listed), `${person.email} after ${n}`).toEqual(fresh.map(listed))
          expect(store.state.outdated).toBe(false)
        }
      },
      { timeout: 2_000, interval: 50 },
    )
  }
  // Each owns an incident that no action removes.
  expect(pages.map(({ store }) => store.state.incidents.length > 0)).toEqual([true, true])
})
