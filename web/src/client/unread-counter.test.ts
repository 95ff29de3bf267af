import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { DashboardWebSocketClient } from './dashboard-websocket-client.ts'
import { FakeServer, settled } from './testing/fake-server.ts'
import { FakeTabs } from './testing/fake-tabs.ts'
import { countsAt } from './unread-counter.ts'

const ANNA = 'user-anna'

/** Never asked for anything: every port is given. */
const supabase = createClient('http://127.0.0.1:1', 'sb_publishable_test', {
  auth: { persistSession: false },
})

/** Another device, or another tab of the same one. */
function device(server: FakeServer, tabs: FakeTabs = new FakeTabs()) {
  const tab = tabs.tab()
  const client = new DashboardWebSocketClient({
    supabase,
    ...server.clientOptions(),
    tabs: tab.open,
    attention: tab.attention,
  })
  const counts: number[] = []
  client.on('unread', ({ unreadCount }) => counts.push(unreadCount))
  return { client, counts }
}

async function connected(server: FakeServer, tabs?: FakeTabs) {
  const opened = device(server, tabs)
  await opened.client.connect(ANNA)
  await settled()
  return opened
}

describe('counts', () => {
  const base = { epoch: 'a', seq: 10, unseen: 2, unread: 4 }

  it.each([
    ['as they were counted', base, { epoch: 'a', seq: 10 }, { unreadCount: 4, unseenCount: 2 }],
    ['with what came since', base, { epoch: 'a', seq: 13 }, { unreadCount: 7, unseenCount: 5 }],
    ['before all has been delivered', base, { epoch: 'a', seq: 8 }, { unreadCount: 4, unseenCount: 2 }],
    ['of another numbering', base, { epoch: 'b', seq: 13 }, null],
    [
      'before the first notification ever',
      { epoch: null, seq: 0, unseen: 0, unread: 0 },
      { epoch: 'a', seq: 2 },
      { unreadCount: 2, unseenCount: 2 },
    ],
    ['that are unknown', null, { epoch: 'a', seq: 2 }, null],
  ])('%s', (_name, counted, position, expected) => {
    expect(countsAt(counted, position)).toEqual(expected)
  })
})

describe('unread notifications', () => {
  it('are counted from the start, and with each message', async () => {
    const server = new FakeServer(ANNA)
    server.write(ANNA)
    const { client, counts } = await connected(server)
    server.write(ANNA)
    server.write(ANNA)
    await settled()
    expect(counts).toEqual([1, 2, 3])
    expect(client.getState()).toMatchObject({ unreadCount: 3, unseenCount: 3 })
  })

  it('are the same on all devices and in all tabs once one has marked them', async () => {
    const server = new FakeServer(ANNA)
    const tabs = new FakeTabs()
    const [phone, tab, other] = [
      await connected(server),
      await connected(server, tabs),
      await connected(server, tabs),
    ]
    for (let n = 0; n < 4; n += 1) server.write(ANNA)
    await settled()
    const read: unknown[] = []
    phone.client.on('notification_read', ({ seqs }) => read.push(seqs))
    expect(await other.client.markRead([2, 3])).toBe(2)
    await settled()
    server.write(ANNA)
    await settled()
    const states = [phone, tab, other].map(({ client }) => client.getState())
    expect(states.map(({ unreadCount, unseenCount }) => [unreadCount, unseenCount])).toEqual(
      Array(3).fill([3, 3]),
    )
    expect(read).toEqual([[2, 3]])
    await phone.client.markSeen({ upTo: 5 })
    await other.client.markUnread([2])
    await settled()
    expect([phone, tab, other].map(({ client }) => client.getState().unreadCount)).toEqual([4, 4, 4])
    expect([phone, tab, other].map(({ client }) => client.getState().unseenCount)).toEqual([0, 0, 0])
  })

  it.each(['leading', 'following'] as const)(
    'are counted anew when nothing is heard of a mark (%s tab)',
    async (which) => {
      const server = new FakeServer(ANNA)
      const tabs = new FakeTabs()
      const [leading, following] = [await connected(server, tabs), await connected(server, tabs)]
      server.write(ANNA)
      await settled()
      server.deaf = true
      await (which === 'leading' ? leading : following).client.markRead({ upTo: 1 })
      await server.clock.advance(1_000)
      expect([leading, following].map(({ client }) => client.getState().unreadCount)).toEqual([0, 0])
    },
  )

  it('are right within some checks when the message of another device’s mark was lost', async () => {
    const server = new FakeServer(ANNA)
    const [phone, laptop] = [await connected(server), await connected(server)]
    server.write(ANNA)
    await settled()
    server.deaf = true
    await phone.client.markRead([1])
    await server.clock.advance(120_000)
    expect(laptop.client.getState().unreadCount).toBe(0)
  })

  it('are not set back by an answer that is older than a mark', async () => {
    const server = new FakeServer(ANNA)
    const phone = await connected(server)
    server.write(ANNA)
    const laptop = device(server)
    const connecting = laptop.client.connect(ANNA)
    // The counts have been read, and are on their way, while the other device marks.
    const reads = server.countReads
    while (server.countReads === reads) await Promise.resolve()
    await phone.client.markRead([1])
    await connecting
    await settled()
    expect(laptop.client.getState().unreadCount).toBe(0)
  })

  it('can be marked only while connected, and a failure is an error', async () => {
    const server = new FakeServer(ANNA)
    const { client } = device(server)
    await expect(client.markRead([1])).rejects.toMatchObject({ code: 'not_signed_in' })
    await client.connect(ANNA)
    server.readable = false
    await expect(client.markRead([1])).rejects.toThrow()
  })
})

describe('batches', () => {
  it('have the first message at once, and later messages of 100 ms together', async () => {
    const server = new FakeServer(ANNA)
    const { client } = await connected(server)
    const batches: (number | undefined)[][] = []
    client.on('batch', (items) => batches.push(items.map(({ message }) => message.seq)))
    for (let n = 0; n < 4; n += 1) server.write(ANNA)
    expect(batches).toEqual([[1]])
    await server.clock.advance(100)
    server.write(ANNA)
    server.write(ANNA)
    client.disconnect()
    expect(batches).toEqual([[1], [2, 3, 4], [5, 6]])
    await server.clock.advance(1_000)
    expect([batches.length, server.clock.running]).toEqual([3, 0])
  })
})
