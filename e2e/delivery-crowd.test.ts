/**
 * A crowd through a restart of the server (docs/delivery.md): the defaults of a page spread those who come back, so that
 * no limit of the server is met, and no page has missed or doubled a notification.
 */

import { expect, test, vi } from 'vitest'
import type { RealtimeSettings } from '../stack/realtime/index.ts'
import { notifyEach, openCrowd, type Person } from './support/fault-crowd.ts'
import { openPool } from './support/fault-load.ts'
import { startOwnStack } from './support/fault-stack.ts'

const LONG = process.env.CLAIMWIRE_LONG !== undefined
/** Generous, for a busy machine. The test prints how long the pages really took. */
const LIVE_TIMEOUT_MS = 180_000

/** Of the plans that admit so many. */
const HOSTED: Readonly<Record<string, Partial<RealtimeSettings>>> = {
  '200 connections and 100 joins a second': {},
  '10,000 connections and 2,500 joins a second': {
    maxConcurrentUsers: 10_000,
    maxEventsPerSecond: 2_500,
    maxJoinsPerSecond: 2_500,
  },
}
const CROWDS: readonly (readonly [number, keyof typeof HOSTED])[] = LONG
  ? [
      [200, '200 connections and 100 joins a second'],
      [1_000, '10,000 connections and 2,500 joins a second'],
    ]
  : [[50, '200 connections and 100 joins a second']]

test.each(CROWDS)(
  '%i pages are live again after the server was killed, without meeting a limit of %s',
  async (count, plan) => {
    await using stack = await startOwnStack({ realtime: HOSTED[plan] ?? {} })
    await using owned = new AsyncDisposableStack()
    const db = owned.adopt(openPool(stack.db.postgres), (pool) => pool.end())
    const people = await openCrowd(stack.url, stack.keys, db, count)
    owned.defer(async () => {
      await Promise.all(people.map(({ page }) => page[Symbol.asyncDispose]()))
    })
    await notifyEach(db, people)

    await stack.kill()
    await vi.waitFor(() => expect(liveOf(people).length).toBe(0), { timeout: 30_000, interval: 20 })
    await stack.start()
    const started = performance.now()
    await notifyEach(db, people)
    await vi.waitFor(() => expect(liveOf(people).length, describeCrowd(people)).toBe(count), {
      timeout: LIVE_TIMEOUT_MS,
      interval: 100,
    })
    console.log(`${count} pages: live ${Math.round(performance.now() - started)} ms after the server's start`)
    await notifyEach(db, people)

    await vi.waitFor(() => expect(people.filter(({ page }) => page.heard.length < 3).length).toBe(0), {
      timeout: LIVE_TIMEOUT_MS,
      interval: 100,
    })
    const { rows } = await db.query<{ user_id: string; seqs: string[] }>(
      `select user_id, array_agg(seq order by seq) as seqs from public.notifications
       where user_id = any ($1) group by user_id`,
      [people.map(({ account }) => account.id)],
    )
    const table = new Map(rows.map(({ user_id, seqs }) => [user_id, seqs.map(Number)]))
    const heard = people.map(({ account, page }) => [account.id, page.heard.map(({ seq }) => seq)])
    expect(heard).toEqual(people.map(({ account }) => [account.id, table.get(account.id)]))
    expect(limitsMet(people)).toEqual([])
  },
  LIVE_TIMEOUT_MS * 3,
)

const liveOf = (people: readonly Person[]): Person[] =>
  people.filter(({ page }) => page.client.getState().state === 'live')

/** How many are in which state, and what went wrong most often. */
function describeCrowd(people: readonly Person[]): string {
  const counts = new Map<string, number>()
  for (const { page } of people) {
    const { state, reason } = page.client.getState()
    const error = page.errors.at(-1)
    for (const what of [`${state} ${reason ?? ''}`, `${error?.code}: ${String(error?.cause)}`])
      counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].map(([what, count]) => `${count} x ${what}`).join('\n')
}

/** What the server says when there are too many of something. */
function limitsMet(people: readonly Person[]): string[] {
  return people.flatMap(({ page }) =>
    page.errors
      .map(({ code, cause }) => `${code}: ${String(cause)}`)
      .filter((text) => /RateLimit|too.many/i.test(text)),
  )
}
