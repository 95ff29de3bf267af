/** Runs in the browser: the client library as a page uses it, and everything it told the page. */

import { createClient } from '@supabase/supabase-js'
import {
  type ClientEvents,
  DashboardWebSocketClient,
  type DashboardWebSocketClientOptions,
  limitAuthRequests,
} from '../../../web/src/client/index.ts'

export interface PageOptions {
  url: string
  publishableKey: string
  userId: string
  /** Signs in; without it the profile's session is used. */
  credentials?: { email: string; password: string }
  /**
   * Milliseconds that the page works on each message. With it the page also counts its turns, which takes all the time
   * that the page is idle.
   */
  busyMs?: number
  client?: Pick<DashboardWebSocketClientOptions, 'heartbeatInterval' | 'pageSize' | 'reconnectDelay'>
}

interface Heard {
  seq: number
  replayed: boolean
  foremost: boolean
  /** How many turns the page had had by then; 0 in pages that do not count them. */
  turn: number
}

const heard: Heard[] = []
const events: { [Name in keyof ClientEvents]?: number } = {}
const states: string[] = []
let client: DashboardWebSocketClient | null = null
/** Turns that the page had for something else. */
let turns = 0
const longTasks: number[] = []

function countTurns(): void {
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', () => {
    turns += 1
    setTimeout(() => port2.postMessage(null), 0)
  })
  port1.start()
  port2.postMessage(null)
}

function work(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const sockets: WebSocket[] = []
globalThis.WebSocket = class extends WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args)
    sockets.push(this)
  }
}

const testPage = {
  heard,
  states,
  events,
  /** Codes of the client's `error` events. */
  errors: [] as string[],
  /** Devices in the last `too_many_connections`. */
  devices: [] as unknown[],
  longTasks,
  /** Number of sockets in state CONNECTING or OPEN. */
  get openSockets() {
    return sockets.filter(({ readyState }) => readyState < WebSocket.CLOSING).length
  },
  get client() {
    return client
  },
  /** What the followed queue and incident have told. */
  followed: {
    state: '',
    jobs: {} as Record<string, string>,
    userIds: [] as readonly string[],
    typing: [] as string[],
    bytes: [] as (string | number)[][],
  },
  follow(ids: { incidentId: string; queueId: string }): void {
    if (client === null) throw new Error('not connected')
    const { followed } = testPage
    const queue = client.subscribeQueue(ids.queueId)
    const incident = client.joinIncident(ids.incidentId)
    const state = (): void => {
      followed.state = `${queue.state} ${incident.state}`
    }
    queue.on('state', state)
    incident.on('state', state)
    queue.on('job', ({ jobId, status }) => {
      followed.jobs[jobId] = status
    })
    client.on('presence_update', ({ userIds }) => {
      followed.userIds = userIds
    })
    client.on('user_typing', ({ userId }) => followed.typing.push(userId))
    client.on('binary', ({ userId, bytes }) => followed.bytes.push([userId, ...bytes]))
  },
  async connect(options: PageOptions): Promise<void> {
    if (options.busyMs !== undefined) countTurns()
    const supabase = createClient(options.url, options.publishableKey, {
      global: { fetch: limitAuthRequests() },
    })
    if (options.credentials !== undefined) {
      const { error } = await supabase.auth.signInWithPassword(options.credentials)
      if (error !== null) throw error
    }
    client = new DashboardWebSocketClient({ supabase, ...options.client })
    client.on('message', (message, { replayed, foremost }) => {
      if (message.seq !== undefined) heard.push({ seq: message.seq, replayed, foremost, turn: turns })
      work(options.busyMs ?? 0)
    })
    client.on('state', (change) => states.push(change.new))
    client.on('error', ({ code, details }) => {
      testPage.errors.push(code)
      if (code === 'too_many_connections' && Array.isArray(details.devices))
        testPage.devices = details.devices
    })
    for (const name of ['connected', 'disconnected', 'reload', 'error'] as const) {
      client.on(name, () => {
        events[name] = (events[name] ?? 0) + 1
      })
    }
    await client.connect(options.userId)
  },
}

export type TestPage = typeof testPage

Object.assign(globalThis, { testPage })
const LONG_TASKS: { type: string } = { type: 'longtask' }
Reflect.apply(
  PerformanceObserver.prototype.observe,
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration)
  }),
  [LONG_TASKS],
)
