/**
 * The peers, in a process of their own: a plain `ws` server and Socket.IO with connection state recovery. Each does the
 * same work: a status changes in the database and, after the commit, the connected pages are told.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { Server } from 'socket.io'
import { WebSocketServer } from 'ws'

export type PeerName = 'ws' | 'Socket.IO'

export interface PeerAddresses {
  urls: Record<PeerName, string>
}

/** Asked for by the parent; answered by {@link PeerAddresses} and {@link PeerDone}. */
export type PeerRequest = { databaseUrl: string } | { peer: PeerName; n: number } | 'stop'

export interface PeerDone {
  peer: PeerName
  n: number
  /** Milliseconds since 1970. */
  committedAt: number
}

const SETUP = `
  create table if not exists private.bench_jobs (peer text, n integer, status text not null, primary key (peer, n))
`
const RECOVERY_MS = 2 * 60_000

const plain = new WebSocketServer({ port: 0, host: '127.0.0.1' })
const http = createServer()
const recovering = new Server(http, { connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS } })
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))

const tell: Record<PeerName, (n: number) => void> = {
  ws: (n) => {
    for (const client of plain.clients) client.send(String(n))
  },
  'Socket.IO': (n) => recovering.emit('status', n),
}

let db: pg.Pool | undefined

async function prepare(databaseUrl: string): Promise<void> {
  db = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  await db.query(SETUP)
  await db.query('truncate private.bench_jobs')
  const port = (address: AddressInfo | string | null): number => {
    if (address === null || typeof address === 'string') throw new Error('a peer has no port')
    return address.port
  }
  const urls = { ws: port(plain.address()), 'Socket.IO': port(http.address()) }
  const addresses: PeerAddresses = {
    urls: { ws: `http://127.0.0.1:${urls.ws}`, 'Socket.IO': `http://127.0.0.1:${urls['Socket.IO']}` },
  }
  process.send?.(addresses)
}

async function change(peer: PeerName, n: number): Promise<void> {
  await db?.query(
    `insert into private.bench_jobs values ($1, $2, 'failed') on conflict (peer, n) do update set status = 'failed'`,
    [peer, n],
  )
  const done: PeerDone = { peer, n, committedAt: performance.timeOrigin + performance.now() }
  tell[peer](n)
  process.send?.(done)
}

async function stop(): Promise<void> {
  for (const client of plain.clients) client.terminate()
  plain.close()
  await recovering.close()
  await db?.end()
  process.disconnect?.()
}

process.on('message', (request: PeerRequest) => {
  if (request === 'stop') void stop()
  else if ('databaseUrl' in request) void prepare(request.databaseUrl)
  else void change(request.peer, request.n)
})
process.once('disconnect', () => process.exit())
