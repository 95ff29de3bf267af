/**
 * What the database enforces and tells beyond notifications, as unmodified supabase-js meets it: live devices,
 * messages from clients and their rate, queues, marks on other devices.
 */

import { randomUUID } from 'node:crypto'
import type { RealtimeChannel } from '@supabase/supabase-js'
import pg from 'pg'
import { afterAll, afterEach, expect, inject, test, vi } from 'vitest'
import { incidentTopic, queueTopic, userTopic } from '../functions-shared/topics.ts'
import { type Client, newClient, newUser, PASSWORD, type TestUser } from './support/claims.ts'

const MAX_DEVICES = 5
const ARRIVAL_TIMEOUT_MS = 20_000

const db = new pg.Pool({ connectionString: inject('stack').db.postgres, max: 2 })
afterAll(() => db.end())

const opened: Client[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.removeAllChannels()))
})

test('of six sign-ins of a user five can listen; the sixth displaces one, which is told', async () => {
  const user = await newUser()
  const devices = await Promise.all(Array.from({ length: MAX_DEVICES + 1 }, () => signInAgain(user)))
  const [first, sixth] = [devices[0], devices[MAX_DEVICES]]
  if (first === undefined || sixth === undefined) throw new Error('There are six sign-ins.')
  const ids = devices.map(() => randomUUID())
  const [firstId, sixthId] = [ids[0] ?? '', ids[MAX_DEVICES] ?? '']

  await expect(listen(first, userTopic(user.id))).rejects.toThrow(/Unauthorized/)
  for (const [index, device] of devices.slice(0, MAX_DEVICES).entries()) {
    const { data, error } = await device.rpc('register_device', {
      p_device_id: ids[index] ?? '',
      p_label: `Browser ${index}`,
    })
    expect(error).toBeNull()
    expect(data).toMatchObject({ maxDevices: MAX_DEVICES, silenceLimitMs: 60_000 })
  }
  const told = await listen(first, userTopic(user.id))

  const refused = await sixth.rpc('register_device', { p_device_id: sixthId, p_label: 'Phone' })
  expect(refused).toMatchObject({ status: 429, error: { code: 'PT429', message: 'too_many_connections' } })
  const listed: unknown = JSON.parse(refused.error?.hint ?? '')
  expect(listed).toEqual(
    ids
      .slice(0, MAX_DEVICES)
      .map((deviceId, index) => expect.objectContaining({ deviceId, label: `Browser ${index}` })),
  )
  await expect(listen(sixth, userTopic(user.id))).rejects.toThrow(/Unauthorized/)

  const displacing = await sixth.rpc('register_device', { p_device_id: sixthId, p_displace: firstId })
  expect(displacing.error).toBeNull()
  await arrived(told, {
    event: 'error',
    payload: { type: 'error', code: 'connection_displaced', deviceId: firstId, displacedBy: sixthId },
  })
  await listen(sixth, userTopic(user.id))
  expect((await first.rpc('heartbeat_device', { p_device_id: firstId })).data).toBe('displaced')
  await first.removeAllChannels()
  await expect(listen(first, userTopic(user.id))).rejects.toThrow(/Unauthorized/)
})

test('members hear what the database lets through, by name of the sender, and nothing from the socket', async () => {
  const [ann, bob] = [await registered(), await registered()]
  const incidentId = await incidentOf(ann, bob)
  const topic = incidentTopic(incidentId)
  // The channel of an incident's first members.
  const heard = await listen(bob.client, `${topic}:1`)
  const own = await listen(ann.client, `${topic}:1`)

  await own.channel.send({
    type: 'broadcast',
    event: 'user_typing',
    payload: { userId: bob.id, forged: true },
  })
  const typing = await ann.client.rpc('send_to_topic', {
    p_topic: topic,
    p_event: 'user_typing',
    p_payload: { userId: bob.id, field: 'description\u202e' },
  })
  expect(typing.error).toBeNull()
  await arrived(heard, {
    event: 'user_typing',
    payload: { type: 'user_typing', userId: ann.id, incidentId, field: 'description' },
  })

  const bytes = Uint8Array.from([0, 255, 1, 128])
  const sent = await ann.client.rpc('send_binary_to_topic', {
    p_topic: topic,
    p_event: 'sketch',
    p_base64: Buffer.from(bytes).toString('base64'),
  })
  expect(sent.error).toBeNull()
  const message = await arrived(heard, { event: 'sketch' })
  if (!(message.payload instanceof ArrayBuffer)) throw new Error('Bytes did not arrive as bytes.')
  const payload = Buffer.from(message.payload)
  expect(payload.subarray(0, 16).toString('hex')).toBe(ann.id.replaceAll('-', ''))
  expect([...payload.subarray(16)]).toEqual([...bytes])
  expect(heard.messages.map(({ event }) => event)).toEqual(['user_typing', 'sketch'])
})

test('a user who sends too much is refused with the time to wait, while others send on', async () => {
  const [ann, bob] = [await registered(), await registered()]
  const topic = incidentTopic(await incidentOf(ann, bob))
  const send = (user: TestUser) =>
    user.client.rpc('send_to_topic', { p_topic: topic, p_event: 'user_typing' })
  // As if all were spent a moment ago, so that the outcome does not depend on this machine's speed.
  await db.query(
    `insert into private.call_buckets (user_id, call, tokens, refilled_at)
     values ($1, 'send_to_topic', -1000, clock_timestamp())`,
    [ann.id],
  )
  const refused = await send(ann)
  expect(refused).toMatchObject({ status: 429, error: { code: 'PT429', message: 'rate_limited' } })
  expect(JSON.parse(refused.error?.hint ?? '')).toEqual({ retryAfterMs: expect.any(Number) })
  expect((await send(bob)).error).toBeNull()
})

test('a follower of a queue gets the job’s messages; another device gets marks as read', async () => {
  const ann = await registered()
  // Without another member, whose arrival would be Ann's first notification.
  const incident = await db.query<{ id: string }>(
    `insert into public.incidents (user_id, title, source) values ($1, 'Crash', 'test') returning id`,
    [ann.id],
  )
  const incidentId = incident.rows[0]?.id
  const queueId = randomUUID()
  const { rows } = await db.query<{ id: string }>(
    `insert into public.jobs (kind, user_id, incident_id, subject_id, queue_id, next_attempt_at)
     values ('image', $1, $2, gen_random_uuid(), $3, 'infinity') returning id`,
    [ann.id, incidentId, queueId],
  )
  const following = await listen(ann.client, queueTopic(queueId))
  const otherDevice = await listen(ann.client, userTopic(ann.id))
  await db.query(`update public.jobs set status = 'processing' where id = $1`, [rows[0]?.id])
  const started = await arrived(following, {
    event: 'image_processing_started',
    payload: { type: 'image_processing_started', queueId, jobId: rows[0]?.id, revision: 1 },
  })
  expect(started.payload).not.toHaveProperty('seq')
  await arrived(otherDevice, { event: 'image_processing_started', payload: { seq: 1, revision: 1 } })

  const counts = await ann.client.rpc('notification_counts').single()
  expect(counts.data).toMatchObject({ seq: 1, unseen_count: 1, unread_count: 1 })
  const marked = await ann.client.rpc('mark_notifications', { p_up_to: 1, p_read: true })
  expect(marked.data).toBe(1)
  await arrived(otherDevice, {
    event: 'notification_read',
    payload: { upTo: 1, seen: true, read: true, unseenCount: 0, unreadCount: 0, headSeq: 1 },
  })
  await db.query('delete from public.jobs where id = $1', [rows[0]?.id])
})

interface Heard {
  event: string
  payload: unknown
}

interface Listening {
  channel: RealtimeChannel
  messages: Heard[]
}

/** Another sign-in of the user, as on another device. */
async function signInAgain(user: TestUser): Promise<Client> {
  const client = newClient()
  const { error } = await client.auth.signInWithPassword({ email: user.email, password: PASSWORD })
  expect(error).toBeNull()
  return client
}

/** A new user with a live device. */
async function registered(): Promise<TestUser> {
  const user = await newUser()
  const { error } = await user.client.rpc('register_device', { p_device_id: randomUUID() })
  expect(error).toBeNull()
  return user
}

/** An incident of the first, with the second as a handler. */
async function incidentOf(owner: TestUser, handler: TestUser): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `with incident as (
       insert into public.incidents (user_id, title, source) values ($1, 'Crash', 'test') returning id
     )
     insert into public.incident_members (incident_id, user_id, role)
     select incident.id, $2, 'handler' from incident returning incident_id as id`,
    [owner.id, handler.id],
  )
  const id = rows[0]?.id
  if (id === undefined) throw new Error('No incident was added.')
  return id
}

/** Resolves when the channel is joined; rejects with the server's reason. */
async function listen(client: Client, topic: string): Promise<Listening> {
  opened.push(client)
  await client.realtime.setAuth()
  const messages: Heard[] = []
  const channel = client.channel(topic, { config: { private: true } })
  channel.on('broadcast', { event: '*' }, ({ event, payload }) => messages.push({ event, payload }))
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') resolve()
      else if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT') reject(error ?? new Error(status))
    })
  }).catch(async (error: unknown) => {
    await client.removeChannel(channel)
    throw error
  })
  return { channel, messages }
}

async function arrived({ messages }: Listening, expected: Partial<Heard>): Promise<Heard> {
  return vi.waitFor(
    () => {
      const found = messages.find(({ event }) => event === expected.event)
      expect(found).toMatchObject(expected)
      return found ?? { event: '', payload: undefined }
    },
    { timeout: ARRIVAL_TIMEOUT_MS, interval: 20 },
  )
}
