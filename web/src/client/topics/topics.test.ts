import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import { incidentTopic, queueTopic } from '../../../../functions-shared/topics.ts'
import { DashboardWebSocketClient } from '../dashboard-websocket-client.ts'
import type { QueueJob } from '../ports.ts'
import { FakeServer, imageMessage, settled } from '../testing/fake-server.ts'
import { FakeTabs } from '../testing/fake-tabs.ts'
import { parseBinary } from './incident-follower.ts'
import { createSupabaseSender, toBase64 } from './sender.ts'

const ANNA = 'user-anna'
const QUEUE = queueTopic('queue-1')
const INCIDENT = incidentTopic('incident-1')
const SENDER = '0a3f1c52-7f0e-4c7e-9a53-b1a6c0d7e001'

/** Never asked for anything: every port is given. */
const supabase = createClient('http://127.0.0.1:1', 'sb_publishable_test', {
  auth: { persistSession: false },
})

class Page {
  readonly server: FakeServer
  readonly client: DashboardWebSocketClient
  readonly sent: string[] = []
  rows: QueueJob[] = []
  readable = true
  reads = 0

  constructor(server = new FakeServer(ANNA), tabs = new FakeTabs()) {
    this.server = server
    const tab = tabs.tab()
    this.client = new DashboardWebSocketClient({
      supabase,
      ...server.clientOptions(),
      tabs: tab.open,
      attention: tab.attention,
      queues: {
        readJobs: async (_queueId, signal) => {
          this.reads += 1
          const { rows } = this
          await settled()
          signal.throwIfAborted()
          if (!this.readable) throw new Error('unreachable')
          return rows
        },
      },
      sender: {
        send: async (topic, event) => void this.sent.push(`${topic} ${event}`),
        sendTyping: async (incidentId) => void this.sent.push(`typing ${incidentId}`),
        sendBinary: async (topic, event, bytes) => void this.sent.push(`${topic} ${event} ${bytes.length}`),
      },
    })
  }

  get topics(): string[] {
    return this.server.subscriptions.filter(({ left }) => !left).map(({ topic }) => topic)
  }

  /** Rows that were read and messages take some rounds. */
  async settle(): Promise<void> {
    for (let n = 0; n < 4; n += 1) await settled()
  }
}

async function connected(server?: FakeServer, tabs?: FakeTabs): Promise<Page> {
  const page = new Page(server, tabs)
  await page.client.connect(ANNA)
  await page.settle()
  return page
}

const row = (fields: Partial<QueueJob> = {}): QueueJob => ({
  jobId: 'job-1',
  status: 'processing',
  progress: 20,
  stage: 'decoding',
  error: null,
  errorCode: null,
  revision: 2,
  ...fields,
})

const progress = (revision: number, percent: number): JobMessage =>
  imageMessage({ type: 'image_processing_progress', status: 'processing', progress: percent, revision })

describe('a queue', () => {
  it('is read when it is joined, and follows its messages', async () => {
    const page = await connected()
    page.rows = [row()]
    const queue = page.client.subscribeQueue('queue-1')
    const seen: (readonly [string, number])[] = []
    queue.on('job', ({ status, progress: percent }) => seen.push([status, percent]))
    await page.settle()
    expect([queue.state, page.topics]).toEqual(['live', ['user:user-anna', QUEUE]])
    page.server.send(QUEUE, progress(3, 40))
    page.server.send(QUEUE, imageMessage({ status: 'completed', revision: 4 }))
    expect(seen).toEqual([
      ['processing', 20],
      ['processing', 40],
      ['completed', 100],
    ])
    expect(queue.jobs.get('job-1')).toMatchObject({ status: 'completed', revision: 4 })
  })

  it('never goes back: late, doubled and earlier messages are dropped', async () => {
    const page = await connected()
    page.rows = [row({ revision: 5, progress: 60 })]
    const queue = page.client.subscribeQueue('queue-1')
    const seen: number[] = []
    queue.on('job', ({ revision }) => seen.push(revision))
    await settled()
    // Heard before the rows have arrived.
    page.server.send(QUEUE, progress(7, 80))
    await page.settle()
    for (const revision of [5, 6, 7, 8, 8]) page.server.send(QUEUE, progress(revision, 10 * revision))
    expect(seen).toEqual([7, 8])
  })

  it('is read again when broadcasts that were lost arrive again', async () => {
    const page = await connected()
    page.rows = [row()]
    const queue = page.client.subscribeQueue('queue-1')
    await page.settle()
    page.rows = [row({ revision: 9, progress: 90 })]
    page.server.writeUnheard(ANNA)
    page.server.write(ANNA)
    await page.settle()
    expect(queue.jobs.get('job-1')).toMatchObject({ revision: 9, progress: 90 })
  })

  it('finds lost messages after a reconnect, and at the next check', async () => {
    const page = await connected()
    page.rows = [row()]
    const queue = page.client.subscribeQueue('queue-1')
    await page.settle()
    page.rows = [row({ revision: 3, progress: 50 })]
    await page.server.clock.advance(30_000)
    await page.settle()
    expect(queue.jobs.get('job-1')?.progress).toBe(50)
    page.server.drop()
    expect(queue.state).toBe('connecting')
    page.rows = [row({ revision: 4, status: 'completed', progress: 100 })]
    await page.server.clock.advance(30_000)
    await page.settle()
    expect([queue.state, queue.jobs.get('job-1')?.status]).toEqual(['live', 'completed'])
    const { reads } = page
    await page.server.clock.advance(300_000)
    // The queue's only job has ended, so the client no longer reads its row.
    expect(page.reads).toBe(reads)
  })

  it('is read again when a message may have been missed during the read', async () => {
    const page = await connected()
    page.rows = [row()]
    const queue = page.client.subscribeQueue('queue-1')
    await Promise.resolve()
    await Promise.resolve()
    expect([page.reads, queue.jobs.size]).toEqual([1, 0])
    page.rows = [row({ revision: 3, status: 'completed', progress: 100 })]
    // The stream flows only now: what changed before was not sent.
    page.server.subscriptions.find(({ topic }) => topic === QUEUE)?.handlers.flowing()
    await page.settle()
    expect([page.reads, queue.jobs.get('job-1')?.status]).toEqual([2, 'completed'])
  })

  it('is not live while it cannot be read, and the read is repeated also without jobs under way', async () => {
    const page = await connected()
    page.rows = [row({ status: 'completed', progress: 100 })]
    const queue = page.client.subscribeQueue('queue-1')
    await page.settle()
    expect(queue.state).toBe('live')
    page.readable = false
    page.rows = [row({ revision: 3, status: 'queued', progress: 0 })]
    page.server.drop()
    await page.server.clock.advance(1_000)
    await page.settle()
    expect([queue.state, page.topics]).toEqual(['connecting', ['user:user-anna', QUEUE]])
    page.readable = true
    await page.server.clock.advance(30_000)
    await page.settle()
    expect([queue.state, queue.jobs.get('job-1')?.status]).toEqual(['live', 'queued'])
  })

  it('is left when its last follower has left', async () => {
    const page = await connected()
    page.rows = [row()]
    const first = page.client.subscribeQueue('queue-1')
    await page.settle()
    const second = page.client.subscribeQueue('queue-1')
    await page.settle()
    expect([second.state, second.jobs.size, page.topics.filter((topic) => topic === QUEUE).length]).toEqual([
      'live',
      1,
      1,
    ])
    first.close()
    first.close()
    expect(page.topics).toContain(QUEUE)
    second.close()
    expect([page.topics, second.state]).toEqual([['user:user-anna'], 'closed'])
  })

  it('that is refused reports an error, and is tried again', async () => {
    const page = await connected()
    page.server.joins = 'refuse'
    const queue = page.client.subscribeQueue('queue-1')
    const errors: string[] = []
    queue.on('error', ({ code }) => errors.push(code))
    await page.settle()
    expect([queue.state, errors]).toEqual(['refused', ['join_refused']])
    page.server.joins = 'succeed'
    await page.server.clock.advance(1_000)
    await page.settle()
    expect(queue.state).toBe('live')
  })

  it('may be followed before connecting, and is left on sign-out', async () => {
    const page = new Page()
    const queue = page.client.subscribeQueue('queue-1')
    await page.client.connect(ANNA)
    await page.settle()
    expect(queue.state).toBe('live')
    page.server.signIn('user-ben')
    expect([queue.state, page.topics]).toEqual(['closed', []])
    await page.client.connect('user-ben')
    await page.settle()
    expect(page.topics).toEqual(['user:user-ben'])
  })
})

describe('topics in several tabs', () => {
  it('come over the leader’s socket, and go on when the leader closes', async () => {
    const server = new FakeServer(ANNA)
    const tabs = new FakeTabs()
    const [leader, follower] = [await connected(server, tabs), await connected(server, tabs)]
    follower.rows = [row()]
    const queue = follower.client.subscribeQueue('queue-1')
    await follower.settle()
    expect([queue.state, follower.topics]).toEqual(['live', ['user:user-anna', QUEUE]])
    server.send(QUEUE, progress(3, 40))
    await follower.settle()
    expect(queue.jobs.get('job-1')?.progress).toBe(40)

    leader.client.disconnect()
    follower.rows = [row({ revision: 5, progress: 70 })]
    await server.clock.advance(0)
    await follower.settle()
    expect([queue.state, queue.jobs.get('job-1')?.progress]).toEqual(['live', 70])
    expect(follower.topics).toEqual(['user:user-anna', QUEUE])
  })

  it('that one tab has joined already give their state to the next tab', async () => {
    const server = new FakeServer(ANNA)
    const tabs = new FakeTabs()
    const [leader, follower] = [await connected(server, tabs), await connected(server, tabs)]
    leader.client.subscribeQueue('queue-1')
    leader.client.joinIncident('incident-1')
    await leader.settle()
    server.present(INCIDENT, [ANNA, 'user-ben'])
    follower.rows = [row()]
    const queue = follower.client.subscribeQueue('queue-1')
    const incident = follower.client.joinIncident('incident-1')
    await follower.settle()
    expect([queue.state, queue.jobs.size]).toEqual(['live', 1])
    expect([incident.state, incident.userIds]).toEqual(['live', [ANNA, 'user-ben']])
    expect(server.subscriptions.filter(({ left }) => !left)).toHaveLength(3)
  })

  it('are left when the only tab that follows them is closed', async () => {
    const server = new FakeServer(ANNA)
    const tabs = new FakeTabs()
    const [leader, follower] = [await connected(server, tabs), await connected(server, tabs)]
    follower.client.subscribeQueue('queue-1')
    leader.client.subscribeQueue('queue-2')
    await follower.settle()
    expect(leader.topics).toContain(QUEUE)
    follower.client.disconnect()
    await leader.settle()
    expect(leader.topics).toEqual(['user:user-anna', queueTopic('queue-2')])
  })
})

describe('an incident', () => {
  it('tells presence, typing and messages to its session and to the client', async () => {
    const page = await connected()
    const incident = page.client.joinIncident('incident-1')
    const again = page.client.joinIncident('incident-1')
    const seen: unknown[] = []
    incident.on('presence', (userIds) => seen.push(['there', ...userIds]))
    incident.on('typing', ({ userId }) => seen.push(['typing', userId]))
    incident.on('message', ({ event, userId }) => seen.push([event, userId]))
    incident.on('binary', ({ event, userId, bytes }) => seen.push([event, userId, ...bytes]))
    const told: unknown[] = []
    page.client.on('presence_update', ({ userIds }) => told.push(['there', ...userIds]))
    page.client.on('user_typing', ({ incidentId, userId }) => told.push([incidentId, userId]))
    page.client.on('binary', ({ topic, bytes }) => told.push([topic, ...bytes]))
    await page.settle()

    page.server.present(INCIDENT, [ANNA, 'user-ben'])
    const stamp = { incidentId: 'incident-1', userId: 'user-ben', timestamp: '2026-11-23T10:00:00.000Z' }
    page.server.send(INCIDENT, { type: 'user_typing', ...stamp })
    page.server.send(INCIDENT, { type: 'note', text: 'hello', ...stamp })
    page.server.send(INCIDENT, { type: 'note', text: 'from nobody' })
    const bytes = Uint8Array.from([
      ...(SENDER.replaceAll('-', '').match(/../g) ?? []).map((hex) => Number.parseInt(hex, 16)),
      7,
      8,
    ])
    page.server.send(INCIDENT, bytes.buffer, 'sketch')
    expect(seen).toEqual([
      ['there', ANNA, 'user-ben'],
      ['typing', 'user-ben'],
      ['note', 'user-ben'],
      ['sketch', SENDER, 7, 8],
    ])
    expect(told).toEqual([
      ['there', ANNA, 'user-ben'],
      ['incident-1', 'user-ben'],
      [INCIDENT, 7, 8],
    ])
    incident.close()
    expect(page.topics).toContain(INCIDENT)
    again.close()
    expect(page.topics).toEqual(['user:user-anna'])
  })

  async function following() {
    const page = await connected()
    page.server.incidentTopics.set('incident-1', `${INCIDENT}:1`)
    const incident = page.client.joinIncident('incident-1')
    const seen: unknown[] = []
    incident.on('state', (state) => seen.push(state))
    incident.on('message', ({ event }) => seen.push(event))
    await page.settle()
    const note = { type: 'note', userId: 'user-ben', timestamp: '2026-11-23T10:00:00.000Z' }
    return { page, server: page.server, incident, seen, note }
  }

  it('that has moved is joined under its new name, and messages of the old one are no longer heard', async () => {
    const { page, server, incident, seen, note } = await following()
    expect(page.topics).toEqual(['user:user-anna', `${INCIDENT}:1`])
    server.send(`${INCIDENT}:1`, note)
    server.incidentTopics.set('incident-1', `${INCIDENT}:2`)
    server.send(`${INCIDENT}:1`, { type: 'incident_moved', incidentId: 'incident-1' })
    await page.settle()
    expect(page.topics).toEqual(['user:user-anna', `${INCIDENT}:2`])
    server.send(`${INCIDENT}:1`, note)
    server.send(`${INCIDENT}:2`, note)
    expect([incident.state, ...seen]).toEqual(['live', 'live', 'note', 'connecting', 'live', 'note'])
  })

  it('that has moved is found at the next check when the message about it was lost', async () => {
    const { page, server } = await following()
    server.incidentTopics.set('incident-1', `${INCIDENT}:2`)
    server.readable = false
    await server.clock.advance(30_000)
    expect(page.topics).toContain(`${INCIDENT}:1`)
    server.readable = true
    await server.clock.advance(30_000)
    await page.settle()
    expect(page.topics).toContain(`${INCIDENT}:2`)
  })

  it('that the user lost access to is left and reported as refused', async () => {
    const { page, server, incident } = await following()
    const errors: string[] = []
    incident.on('error', ({ code }) => errors.push(code))
    server.incidentTopics.set('incident-1', null)
    server.send(`${INCIDENT}:1`, { type: 'incident_moved', incidentId: 'incident-1' })
    await page.settle()
    expect([incident.state, errors, page.topics]).toEqual([
      'refused',
      ['topic_forbidden'],
      ['user:user-anna'],
    ])
  })

  it('that moves while it is joined is joined again at once', async () => {
    const { page, server, incident } = await following()
    const errors: string[] = []
    incident.on('error', ({ code }) => errors.push(code))
    server.incidentTopics.set('incident-1', `${INCIDENT}:2`)
    server.subscriptions.find(({ topic }) => topic === `${INCIDENT}:1`)?.handlers.refused('join_refused')
    await page.settle()
    expect([incident.state, errors, page.topics]).toEqual(['live', [], ['user:user-anna', `${INCIDENT}:2`]])
  })

  it('sends through the database', async () => {
    const page = await connected()
    await page.client.sendTyping('incident-1')
    await page.client.send(INCIDENT, 'note', {})
    await page.client.sendBinary(INCIDENT, 'sketch', new Uint8Array(3))
    expect(page.sent).toEqual(['typing incident-1', `${INCIDENT} note`, `${INCIDENT} sketch 3`])
  })
})

describe('sending to an incident', () => {
  function setup() {
    const calls: string[] = []
    let now = 0
    const sender = createSupabaseSender(
      {
        rpc: (name) => ({
          abortSignal: async () => {
            calls.push(name)
            return { data: null, error: null }
          },
        }),
      },
      () => now,
    )
    const wait = (ms: number): void => {
      now += ms
    }
    return { calls, sender, wait }
  }

  it('sends typing at most every 2 s for each incident', async () => {
    const { calls, sender, wait } = setup()
    for (let key = 0; key < 50; key += 1) {
      await sender.sendTyping('incident-1')
      wait(100)
    }
    expect(calls).toHaveLength(3)
    await sender.sendTyping('incident-2')
    expect(calls).toHaveLength(4)
  })

  it('is refused here where it is larger than the database takes', async () => {
    const { calls, sender } = setup()
    await sender.sendBinary(INCIDENT, 'sketch', new Uint8Array(65_536))
    await expect(sender.sendBinary(INCIDENT, 'sketch', new Uint8Array(65_537))).rejects.toMatchObject({
      code: 'message_too_large',
      details: { bytes: 65_537, limit: 65_536 },
    })
    expect(calls).toEqual(['send_binary_to_topic'])
  })
})

describe('bytes', () => {
  it('are sent as base64, however many', () => {
    const bytes = Uint8Array.from({ length: 65_536 }, (_, index) => index % 256)
    const decoded = Uint8Array.from(atob(toBase64(bytes)), (char) => char.charCodeAt(0))
    expect(decoded).toEqual(bytes)
  })

  it('without a sender are dropped', () => {
    expect(parseBinary(new ArrayBuffer(15))).toBeNull()
    expect(parseBinary(new ArrayBuffer(16))?.bytes).toHaveLength(0)
  })
})
