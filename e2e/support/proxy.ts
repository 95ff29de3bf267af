/**
 * A TCP proxy that does to a connection what networks do: cut it, refuse it, delay it, slow it down, reset it, or
 * leave it open and carry nothing any more.
 *
 *   client ──▶ proxy ──▶ target        each direction is a pipe of its own, in order
 */

import { createServer, type Socket, connect as tcpConnect } from 'node:net'
import type { Random } from '../../stack/testing/seeded-random.ts'

export interface Delay {
  /** Added to everything, each way. */
  ms: number
  /** At most so much is added at random; order is kept. */
  jitterMs: number
  random: Random
}

export interface TcpProxy extends AsyncDisposable {
  /** Of the proxy, e.g. `http://127.0.0.1:40123`. */
  readonly url: string
  /** Where connections of now on lead. */
  retarget(targetUrl: string): void
  /** Ends every connection as a peer does that goes. */
  cut(): void
  /** Ends every connection with RST, what is under way included. */
  reset(): void
  /** While true, new connections are reset at once. */
  refuse(on: boolean): void
  /** Half-open: the connections of now stay open and carry nothing any more; new ones work. */
  freeze(): void
  /** While true, connections are accepted and carry nothing, as behind a captive portal. */
  swallow(on: boolean): void
  /** For what is carried from now on; null ends it. */
  delay(delay: Delay | null): void
  /** Towards the client, at most so much; null ends it. */
  throttle(bytesPerSecond: number | null): void
}

/** How often a slowed direction moves on. */
const TICK_MS = 20

export async function startProxy(targetUrl: string): Promise<TcpProxy> {
  let target = new URL(targetUrl)
  const links = new Set<Link>()
  const shape: Shape = { delay: null, bytesPerSecond: null }
  let refusing = false
  let swallowing = false

  // A half-closed connection is carried as such: each side ends for itself.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (refusing) {
      client.resetAndDestroy()
      return
    }
    const upstream = tcpConnect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true })
    const link = new Link(client, upstream, shape)
    if (swallowing) link.frozen = true
    links.add(link)
    link.closed.then(() => links.delete(link))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')

  const each = (act: (link: Link) => void): void => [...links].forEach(act)
  return {
    url: `http://127.0.0.1:${address.port}`,
    retarget: (url) => {
      target = new URL(url)
    },
    cut: () => each((link) => link.end('cut')),
    reset: () => each((link) => link.end('reset')),
    refuse: (on) => {
      refusing = on
    },
    freeze: () =>
      each((link) => {
        link.frozen = true
      }),
    swallow: (on) => {
      swallowing = on
    },
    delay: (delay) => {
      shape.delay = delay
    },
    throttle: (bytesPerSecond) => {
      shape.bytesPerSecond = bytesPerSecond
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        each((link) => link.end('reset'))
      }),
  }
}

/** The faults that apply to all connections of a proxy. */
interface Shape {
  delay: Delay | null
  bytesPerSecond: number | null
}

class Link {
  /** Both ends. */
  readonly closed: Promise<unknown>
  frozen = false
  readonly #client: Socket
  readonly #upstream: Socket

  constructor(client: Socket, upstream: Socket, shape: Shape) {
    this.#client = client
    this.#upstream = upstream
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      // The handler of 'close' ends the other side.
      socket.on('error', () => undefined)
    }
    // A half-open connection does not carry the end of the connection either.
    client.on('close', () => this.frozen || upstream.destroy())
    upstream.on('close', () => this.frozen || client.destroy())
    this.closed = Promise.all([client, upstream].map(ended))
    this.#carry(client, upstream, (size) => waitFor(shape.delay, size, null))
    this.#carry(upstream, client, (size) => waitFor(shape.delay, size, shape.bytesPerSecond))
  }

  end(how: 'cut' | 'reset'): void {
    for (const socket of [this.#client, this.#upstream]) {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroy()
    }
  }

  /** One direction: each piece leaves `wait` after it came, never before the one before it. */
  #carry(from: Socket, to: Socket, wait: (size: number) => Wait): void {
    let before: Promise<void> = Promise.resolve()
    from.on('data', (bytes: Buffer) => {
      if (this.frozen) return
      const { latencyMs, transferMs } = wait(bytes.length)
      const arrival = pause(latencyMs)
      before = Promise.all([before, arrival])
        .then(() => pause(transferMs))
        .then(() => {
          from.resume()
          if (!this.frozen && !to.destroyed && !to.write(bytes)) {
            from.pause()
            to.once('drain', () => from.resume())
          }
        })
      // A slow direction takes no more than it carries, so that the sender feels it.
      if (transferMs > 0) from.pause()
    })
    from.on('end', () => {
      void before.then(() => {
        if (!this.frozen) to.end()
      })
    })
  }
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

interface Wait {
  /** Until a piece arrives; pieces travel side by side. */
  latencyMs: number
  /** How long it occupies the line. */
  transferMs: number
}

function waitFor(delay: Delay | null, size: number, bytesPerSecond: number | null): Wait {
  const transferMs = bytesPerSecond === null ? 0 : Math.max(TICK_MS, (size / bytesPerSecond) * 1_000)
  return { latencyMs: delay === null ? 0 : delay.ms + delay.jitterMs * delay.random(), transferMs }
}

/** A network's time cannot be waited for in any other way. */
function pause(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
}
