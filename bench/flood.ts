/**
 * What a page notices of a flood: a caller with the publishable key uses up the project's events per second, so that the
 * server drops the database's broadcasts. The limit is that of hosted Supabase; the server counts 12 s back instead of 60 s, so
 * that the end of the flood need not be waited for so long. Measures only; nothing here passes or fails.
 *
 *   npm run bench:flood [-- --json]
 */

import { setTimeout as delay } from 'node:timers/promises'
import { newAccount, openListener, type TestListener } from '../e2e/support/fault-listener.ts'
import { notifyOnce, openPool } from '../e2e/support/fault-load.ts'
import { startFlood } from '../e2e/support/flood.ts'
import { latency, type Measurement, report, value } from './support/report.ts'
import { startBenchStack } from './support/stack.ts'

const MESSAGES = 8
/** Milliseconds between two messages, at random up to so many: at any time between two looks of the page. */
const PAUSE = 500
const IDLE_MS = 5_000

await using stack = await startBenchStack({ publicBroadcasts: 'allow', rateTickMs: 1_000 })
await using owned = new AsyncDisposableStack()
const db = owned.adopt(openPool(stack.db.postgres), (pool) => pool.end())
const { url, keys } = stack
const user = await newAccount(stack)
let headReads = 0
const page = owned.use(
  await openListener(url, keys.publishableKey, user, {
    heartbeatInterval: 30_000,
    wire: (supabase) => {
      const rpc = supabase.rpc.bind(supabase)
      Object.assign(supabase, {
        rpc: (...args: Parameters<typeof rpc>) => {
          if (args[0] === 'notification_head') headReads += 1
          return rpc(...args)
        },
      })
      return {}
    },
  }),
)
await page.client.connect(user.id)

/** Milliseconds from the commit of a notification until a listener has it. */
async function delayOfOne({ client }: TestListener): Promise<{ ms: number; replayed: boolean }> {
  const heard = new Promise<{ at: number; replayed: boolean }>((resolve) => {
    client.once('message', (_message, { replayed }) => resolve({ at: performance.now(), replayed }))
  })
  await notifyOnce(db, user.id)
  const committed = performance.now()
  const { at, replayed } = await heard
  return { ms: Math.max(0, at - committed), replayed }
}

async function headReadsPerMinute(ms: number): Promise<number> {
  const before = headReads
  await delay(ms)
  return ((headReads - before) * 60_000) / ms
}

const results: Measurement[] = []
const before = [await delayOfOne(page), await delayOfOne(page)].map(({ ms }) => ms)
results.push(latency('no flood: commit to listener', before))
results.push(
  value(
    'no flood: comparisons of heads by a watched page, a minute',
    'messages',
    await headReadsPerMinute(IDLE_MS),
  ),
)

const flood = startFlood(url, keys.publishableKey)
await flood.atLimit
const found: number[] = []
let came = 0
for (let n = 0; n < MESSAGES; n += 1) {
  const { ms, replayed } = await delayOfOne(page)
  if (replayed) found.push(ms)
  else came += 1
  await delay(Math.random() * PAUSE)
}
results.push(latency('flood: commit to listener, broadcast dropped', found, `${found.length} of ${MESSAGES}`))
results.push(value('flood: longest delay', 'ms', Math.max(...found)))
results.push(value('flood: broadcasts that came through', 'messages', came))
await flood.stop()
const stopped = performance.now()
await new Promise<void>((resolve) => {
  if (page.client.getState().state === 'live') resolve()
  page.client.on('state', (change) => change.new === 'live' && resolve())
})
results.push(
  value('end of the flood to live', 'ms', performance.now() - stopped, 'the server counts 12 s back'),
)
report(results)
