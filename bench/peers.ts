/**
 * What arrives over a connection that is cut every three seconds: Claimwire beside a plain `ws` server and Socket.IO with
 * connection state recovery, all in the same run, at the same rate, cut at the same moments. Measures only.
 *
 *   npm run bench:peers [-- --json]
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { addIdleJobs } from '../e2e/support/fault-load.ts'
import { startProxy } from '../e2e/support/proxy.ts'
import { backoffDelay } from '../functions-shared/backoff.ts'
import { between, seededRandom } from '../stack/testing/seeded-random.ts'
import { DashboardWebSocketClient } from '../web/src/client/index.ts'
import { atRate } from './support/pace.ts'
import type { PeerAddresses, PeerDone, PeerName, PeerRequest } from './support/peer-servers.ts'
import { latency, type Measurement, report, value } from './support/report.ts'
import { newBenchUser, startBenchStack } from './support/stack.ts'

const PER_SECOND = 50
const SECONDS = 30
const COUNT = PER_SECOND * SECONDS
const CUT_EVERY_MS = [2_000, 4_000] as const
/** Two commits this far apart have a known order. The order of closer commits cannot be told, so it is not judged. */
const ORDER_MS = 1_000 / PER_SECOND
/** Every page has reconnected and caught up after this time. */
const SETTLE_MS = 15_000

interface Contender {
  name: 'Claimwire' | PeerName
  /** Numbers of what its handler was given, in order, and when. */
  heard: { n: number; at: number }[]
  committed: Map<number, number>
  change: (n: number) => Promise<void>
}

const now = (): number => performance.timeOrigin + performance.now()
const random = seededRandom('peers.ts')

await using stack = await startBenchStack()
await using owned = new AsyncDisposableStack()
const db = owned.adopt(new pg.Pool({ connectionString: stack.db.postgres, max: 4 }), (pool) => pool.end())

async function claimwire(through: string): Promise<Contender> {
  const { id, supabase } = await newBenchUser(stack, through)
  const jobIds = await addIdleJobs(db, id, COUNT)
  const numbers = new Map(jobIds.map((jobId, n) => [jobId, n]))
  const client = owned.adopt(new DashboardWebSocketClient({ supabase }), (each) => each.disconnect())
  const heard: Contender['heard'] = []
  client.on('message', (message) => {
    const { seq } = message
    const n = 'jobId' in message ? numbers.get(message.jobId) : undefined
    if (seq !== undefined && n !== undefined) heard.push({ n, at: now() })
  })
  await client.connect(id)
  const committed = new Map<number, number>()
  const change = async (n: number): Promise<void> => {
    await db.query(`update public.jobs set status = 'failed' where id = $1`, [jobIds[n]])
    committed.set(n, now())
  }
  return { name: 'Claimwire', heard, committed, change }
}

const servers = fork(fileURLToPath(new URL('support/peer-servers.ts', import.meta.url)))
owned.defer(async () => {
  const ended = once(servers, 'exit')
  send(servers, 'stop')
  await ended
})
const waiting = new Map<string, (done: PeerDone) => void>()
servers.on('message', (message: PeerAddresses | PeerDone) => {
  if ('committedAt' in message) waiting.get(`${message.peer} ${message.n}`)?.(message)
})

function send(to: ChildProcess, request: PeerRequest): void {
  to.send(request)
}

async function peer(
  name: PeerName,
  listen: (hear: (n: number) => void) => Promise<void>,
): Promise<Contender> {
  const heard: Contender['heard'] = []
  const committed = new Map<number, number>()
  await listen((n) => heard.push({ n, at: now() }))
  const change = async (n: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<PeerDone>()
    waiting.set(`${name} ${n}`, resolve)
    send(servers, { peer: name, n })
    committed.set(n, (await promise).committedAt)
  }
  return { name, heard, committed, change }
}

/** A page without a library, with the client's back-off. */
async function listenToWs(url: string, hear: (n: number) => void): Promise<void> {
  const ended = new AbortController()
  owned.defer(() => ended.abort())
  let failures = 0
  const open = (): WebSocket => {
    const socket = new WebSocket(url.replace('http', 'ws'))
    socket.on('open', () => {
      failures = 0
    })
    socket.on('message', (data: Buffer) => hear(Number(data.toString())))
    // 'close' follows.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      const ms = backoffDelay(failures, { baseMs: 1_000, maxMs: 30_000, random })
      failures += 1
      if (!ended.signal.aborted) setTimeout(open, ms).unref()
    })
    return socket
  }
  const first = open()
  owned.defer(() => first.terminate())
  await once(first, 'open')
}

async function listenToSocketIo(url: string, hear: (n: number) => void): Promise<void> {
  const socket = owned.adopt(io(url, { transports: ['websocket'] }), (each) => {
    each.disconnect()
  })
  socket.on('status', hear)
  await new Promise<void>((resolve) => socket.once('connect', resolve))
}

const ready = once(servers, 'message')
send(servers, { databaseUrl: stack.db.postgres })
const [{ urls }]: [PeerAddresses] = (await ready) as [PeerAddresses]
const proxies = {
  claimwire: owned.use(await startProxy(stack.url)),
  ws: owned.use(await startProxy(urls.ws)),
  socketIo: owned.use(await startProxy(urls['Socket.IO'])),
}
const contenders = [
  await peer('ws', (hear) => listenToWs(proxies.ws.url, hear)),
  await peer('Socket.IO', (hear) => listenToSocketIo(proxies.socketIo.url, hear)),
  await claimwire(proxies.claimwire.url),
]

const done = new AbortController()
const cutting = (async () => {
  for (;;) {
    await delay(between(random, ...CUT_EVERY_MS), undefined, { signal: done.signal }).catch(() => undefined)
    if (done.signal.aborted) return
    for (const proxy of Object.values(proxies)) proxy.cut()
  }
})()
const changeAll = async (n: number): Promise<void> => {
  await Promise.all(contenders.map(({ change }) => change(n)))
}
await atRate(COUNT - 1, PER_SECOND, changeAll)
done.abort()
await cutting
// The last one is missed by all, and nothing comes after it.
for (const proxy of Object.values(proxies)) proxy.cut()
await changeAll(COUNT - 1)
const deadline = Date.now() + SETTLE_MS
while (Date.now() < deadline && contenders.some(({ heard }) => heard.length < COUNT)) await delay(100)

const results: Measurement[] = []
for (const { name, heard, committed } of contenders) {
  const seen = new Set(heard.map(({ n }) => n))
  let latest = 0
  let outOfOrder = 0
  for (const { n } of heard) {
    const at = committed.get(n) ?? 0
    if (at < latest - ORDER_MS) outOfOrder += 1
    latest = Math.max(latest, at)
  }
  results.push(
    value(`${name}: arrived of ${COUNT}`, 'messages', seen.size),
    value(`${name}: doubled`, 'messages', heard.length - seen.size),
    value(`${name}: out of order`, 'messages', outOfOrder),
    latency(
      `${name}: from the commit to the handler, of what arrived`,
      heard.map(({ n, at }) => Math.max(0, at - (committed.get(n) ?? at))),
    ),
  )
}
report(results)
// Ends the pages and the peers' servers before the stack that they use.
await owned.disposeAsync()
await stack[Symbol.asyncDispose]()
process.exit()
