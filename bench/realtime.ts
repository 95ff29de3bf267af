/**
 * How fast the embedded Realtime is: latencies, delivered messages per second and memory, beside what the real
 * server did on a machine like this. Measures only; nothing here passes or fails.
 *
 *   npm run bench:realtime [-- --json]     a table for people, or one JSON line for machines
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { WebSocket } from 'ws'
import { latency, type Measurement, report } from './support/report.ts'

const SAMPLES = 500

class Subscriber {
  readonly ws: WebSocket
  received = 0
  onMessage: (text: string) => void = () => undefined

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('message', (data: Buffer) => {
      this.received++
      this.onMessage(data.toString())
    })
  }

  static async open(url: string, key: string): Promise<Subscriber> {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${key}&vsn=2.0.0`)
    const subscriber = new Subscriber(ws)
    await once(ws, 'open')
    return subscriber
  }

  /** @returns once a message that contains `text` has come */
  heard(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.onMessage = (message) => {
        if (message.includes(text)) resolve()
      }
    })
  }

  async join(topic: string, config: Record<string, unknown> = {}, until = '"status":"ok"'): Promise<void> {
    const done = this.heard(until)
    this.ws.send(JSON.stringify(['1', '1', `realtime:${topic}`, 'phx_join', { config }]))
    await done
    this.received = 0
  }

  broadcast(topic: string, payload: unknown): void {
    const message = { type: 'broadcast', event: 'e', payload }
    this.ws.send(JSON.stringify(['1', '2', `realtime:${topic}`, 'broadcast', message]))
  }
}

function startServer(): ChildProcess {
  const server = fileURLToPath(new URL('realtime-server.ts', import.meta.url))
  return fork(server, { execArgv: [...process.execArgv, '--expose-gc'] })
}

/** The first start of a machine compiles TypeScript, and keeps the compiler in memory: not what is measured. */
async function warmUp(): Promise<void> {
  const first = startServer()
  await answer(first, 'url')
  first.send('stop')
  await once(first, 'exit')
}

await warmUp()
const child = startServer()
const { url, key, db } = await answer<{ url: string; key: string; db: string }>(child, 'url')
const sql = new pg.Client(db)
await sql.connect()
const results: Measurement[] = []
const open: Subscriber[] = []

async function subscribers(count: number): Promise<Subscriber[]> {
  const made = await Promise.all(Array.from({ length: count }, () => Subscriber.open(url, key)))
  open.push(...made)
  return made
}

function closeAll(): void {
  for (const subscriber of open.splice(0)) subscriber.ws.terminate()
}

async function sample(count: number, once: (n: number) => Promise<number>): Promise<number[]> {
  const samples: number[] = []
  for (let n = 0; n < count; n++) samples.push(await once(n))
  return samples
}

function addLatency(...args: Parameters<typeof latency>): void {
  results.push(latency(...args))
}

async function broadcastFromDatabase(): Promise<void> {
  const [subscriber] = await subscribers(1)
  if (!subscriber) return
  await subscriber.join(
    'room:latency',
    { private: true, broadcast: { replication_ready: true } },
    'Replication connection',
  )
  const fromCommit: number[] = []
  const fromCall = await sample(SAMPLES, async (n) => {
    const marker = `"n": ${n},`
    let heardAt = 0
    const heard = subscriber.heard(marker).then(() => {
      heardAt = performance.now()
    })
    const calledAt = performance.now()
    await sql.query(`select realtime.send(jsonb_build_object('n', $1::int), 'e', 'room:latency')`, [n])
    const committedAt = performance.now()
    await heard
    fromCommit.push(Math.max(0, heardAt - committedAt))
    return heardAt - calledAt
  })
  addLatency('realtime.send(): call to client', fromCall, '2.3 / 5.8')
  addLatency('realtime.send(): acknowledged commit to client', fromCommit, '0.7 / 1.7')
}

async function changes(): Promise<void> {
  const [subscriber] = await subscribers(1)
  if (!subscriber) return
  const binding = { event: 'UPDATE', schema: 'public', table: 'jobs' }
  await subscriber.join('changes', { postgres_changes: [binding] }, 'Subscribed to PostgreSQL')
  const samples = await sample(SAMPLES, async (n) => {
    const heard = subscriber.heard(`"progress": ${n + 1}}`)
    const calledAt = performance.now()
    sql.query('update public.jobs set progress = $1 where id = 1', [n + 1])
    await heard
    return performance.now() - calledAt
  })
  addLatency('postgres_changes: UPDATE to client', samples, '266 / 515')

  let seen = 0
  const done = Promise.withResolvers<void>()
  subscriber.onMessage = () => {
    seen++
    if (seen === 10_000) done.resolve()
  }
  await sql.query('insert into public.jobs select n from generate_series(1001, 10000) n')
  const started = performance.now()
  await sql.query('update public.jobs set progress = -1')
  await done.promise
  results.push({
    what: 'postgres_changes: 10,000 rows of one statement, rows/s',
    unit: '/s',
    value: 10_000 / ((performance.now() - started) / 1000),
  })
}

const REAL_LATENCY: Readonly<Record<number, string>> = { 1: '0.7 / 1.0', 100: '2.7 / 6.7' }
const REAL_RATE: Readonly<Record<number, string>> = { 1: '15,604', 10: '49,715', 100: '70,191' }

async function socketBroadcast(count: number): Promise<void> {
  const topic = `fan-out ${count}`
  const listeners = await subscribers(count)
  const [sender] = await subscribers(1)
  if (!sender) return
  await Promise.all([...listeners, sender].map((subscriber) => subscriber.join(topic)))
  const samples = await sample(SAMPLES / 5, async (n) => {
    const heard = Promise.all(listeners.map((listener) => listener.heard(`"n":${n}}`)))
    const sentAt = performance.now()
    sender.broadcast(topic, { n })
    await heard
    return performance.now() - sentAt
  })
  addLatency(`socket broadcast: last of ${count} subscribers`, samples, REAL_LATENCY[count])

  for (const listener of listeners) {
    listener.received = 0
    listener.onMessage = () => undefined
  }
  const messages = Math.ceil(200_000 / Math.max(count, 10))
  const expected = messages * count
  const delivered = () => listeners.reduce((sum, listener) => sum + listener.received, 0)
  const started = performance.now()
  for (let n = 0; n < messages; n++) {
    sender.broadcast(topic, { n, text: 'x'.repeat(100) })
    // Enough messages under way to keep the server busy, but not so many that they queue in this process.
    while (n * count - delivered() > 20_000) await delay(0)
  }
  while (delivered() < expected) await delay(1)
  const seconds = (performance.now() - started) / 1000
  results.push({
    what: `socket broadcast: delivered with ${count} subscribers`,
    unit: '/s',
    value: expected / seconds,
    ...(REAL_RATE[count] ? { beside: REAL_RATE[count] } : {}),
  })
  closeAll()
}

async function manyUsers(): Promise<void> {
  const before = await memory()
  const users = await subscribers(1000)
  await Promise.all(users.map((user, n) => user.join(`room:user ${n}`, { private: true })))
  results.push({
    what: 'memory with 1,000 idle sockets',
    unit: 'MB',
    value: (await memory()) / 1e6,
    beside: '180',
  })
  results.push({ what: 'of which the sockets', unit: 'MB', value: ((await memory()) - before) / 1e6 })
  const samples = await sample(SAMPLES, async (n) => {
    const user = users[(n * 7) % users.length]
    if (!user) return Number.NaN
    const heard = user.heard(`"n": ${n},`)
    const calledAt = performance.now()
    sql.query(`select realtime.send(jsonb_build_object('n', $1::int), 'e', $2)`, [
      n,
      `room:user ${(n * 7) % users.length}`,
    ])
    await heard
    return performance.now() - calledAt
  })
  addLatency('realtime.send(): call to one of 1,000 users', samples)
  closeAll()
}

async function memory(): Promise<number> {
  const reply = answer<{ memory: number }>(child, 'memory')
  child.send('memory')
  return (await reply).memory
}

function answer<Message extends object>(from: ChildProcess, field: keyof Message & string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: Message) => {
      if (!(field in message)) return
      from.off('message', onMessage)
      resolve(message)
    }
    from.on('message', onMessage)
    from.once('exit', () => reject(new Error('The server ended')))
  })
}

try {
  // First, on a server that has done nothing yet: memory is what is measured.
  await manyUsers()
  await broadcastFromDatabase()
  await changes()
  closeAll()
  for (const count of [1, 10, 100, 1000]) await socketBroadcast(count)
  report(results, 'real server')
} finally {
  closeAll()
  await sql.end()
  child.send('stop')
  await once(child, 'exit')
}
