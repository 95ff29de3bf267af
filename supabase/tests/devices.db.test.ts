/** Devices that register at the same moment: never more are live than allowed. */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { asUser, createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers, at, untilBlocked, withClients } from './support.ts'

const MAX_DEVICES = 5

test('of 6 devices that register at once, exactly 5 succeed, and the sixth is told of them', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 6, async (clients) => {
    const users = await addUsers(at(clients, 0), 10)
    for (const userId of users) {
      const devices = clients.map(() => randomUUID())
      const outcomes = await Promise.allSettled(
        clients.map((client, index) => register(client, userId, at(devices, index))),
      )
      const registered = devices.filter((_, index) => at(outcomes, index).status === 'fulfilled')
      expect(registered).toHaveLength(MAX_DEVICES)
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
      expect(refused).toEqual([expect.objectContaining({ code: 'PT429', message: 'too_many_connections' })])
      expect(listed(at(refused, 0)).sort()).toEqual(registered.sort())
    }
  })
})

test('of 20 devices that displace the same one at once, one takes its place', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 20, async (clients) => {
    const setup = at(clients, 0)
    const userId = at(await addUsers(setup, 1), 0)
    const devices = Array.from({ length: MAX_DEVICES }, () => randomUUID())
    for (const device of devices) await register(setup, userId, device)
    const outcomes = await Promise.allSettled(
      clients.map((client) => register(client, userId, randomUUID(), { displace: at(devices, 0) })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await liveCount(setup, userId)).toBe(MAX_DEVICES)
    const { rows } = await setup.query(
      `select payload ->> 'deviceId' as device from realtime.messages where topic = 'user:' || $1`,
      [userId],
    )
    expect(rows).toEqual([{ device: devices[0] }])
  })
})

test('a heartbeat at the last moment and a registration that wants its place: one of the two', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 3, async (clients) => {
    const [late, newcomer, operator] = [at(clients, 0), at(clients, 1), at(clients, 2)]
    const userId = at(await addUsers(operator, 1), 0)
    const session = randomUUID()
    const devices = Array.from({ length: MAX_DEVICES }, () => randomUUID())
    for (const device of devices) await register(operator, userId, device, { session })
    // The moment at which a device becomes too silent is brought about by the limit, not by waiting.
    const letLive = (seconds: number) =>
      operator.query('update private.limits set device_silence_seconds = $1', [seconds])
    const lastSeen90SecondsAgo = (device: string) =>
      operator.query(
        `update private.devices set last_seen_at = clock_timestamp() - interval '90 seconds' where device_id = $1`,
        [device],
      )

    // The heartbeat is first: the registration waits for it and is refused.
    await lastSeen90SecondsAgo(at(devices, 0))
    await letLive(120)
    await signIn(late, userId, session)
    expect(await heartbeat(late, at(devices, 0))).toBe('live')
    await letLive(60)
    const registering = expect(register(newcomer, userId, randomUUID())).rejects.toMatchObject({
      message: 'too_many_connections',
    })
    await untilBlocked(url, newcomer)
    await late.query('commit')
    await registering

    // The registration is first: the heartbeat waits for it and finds its place taken.
    await lastSeen90SecondsAgo(at(devices, 1))
    await signIn(newcomer, userId, randomUUID())
    await newcomer.query('select public.register_device($1)', [randomUUID()])
    await letLive(120)
    await signIn(late, userId, session)
    const beating = heartbeat(late, at(devices, 1))
    await untilBlocked(url, late)
    await newcomer.query('commit')
    expect(await beating).toBe('unregistered')
    await late.query('commit')
    expect(await liveCount(operator, userId)).toBe(MAX_DEVICES)
  })
})

test('registrations of a user wait neither for another user nor for the cleaning, nor it for them', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [holder, other] = [at(clients, 0), at(clients, 1)]
    const [first, second] = await addUsers(holder, 2)
    if (first === undefined || second === undefined) throw new Error('There are two users.')
    await register(holder, first, randomUUID())
    await register(holder, second, randomUUID())
    await holder.query(`update private.devices set last_seen_at = now() - interval '1 hour'`)
    await signIn(holder, first, randomUUID())
    await holder.query('select public.register_device($1)', [randomUUID()])
    // One that waited would wait for ever.
    await other.query(`set lock_timeout = '5s'`)
    const { rows } = await other.query('select private.forget_silent_devices() as forgotten')
    expect(rows).toEqual([{ forgotten: 1 }])
    await register(other, second, randomUUID())
    await holder.query('commit')
  })
})

test('a crash of the server frees no place: devices are kept like any other row', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const { rows } = await client.query(
      `select relname, relpersistence from pg_class
       where oid in ('private.devices'::regclass, 'private.call_buckets'::regclass) order by relname`,
    )
    expect(rows).toEqual([
      { relname: 'call_buckets', relpersistence: 'u' },
      { relname: 'devices', relpersistence: 'p' },
    ])
  })
})

function register(
  client: pg.Client,
  userId: string,
  deviceId: string,
  { session = randomUUID(), displace }: { session?: string; displace?: string } = {},
): Promise<unknown> {
  return asUser(
    client,
    { sub: userId, session_id: session },
    () => client.query('select public.register_device($1, null, $2)', [deviceId, displace ?? null]),
    { commit: true },
  )
}

/** Begins a transaction of the user, which the caller ends. */
async function signIn(client: pg.Client, userId: string, session: string): Promise<void> {
  await client.query('begin')
  await client.query(`select set_config('request.jwt.claims', $1, true)`, [
    JSON.stringify({ sub: userId, role: 'authenticated', session_id: session }),
  ])
}

async function heartbeat(client: pg.Client, deviceId: string): Promise<string> {
  const { rows } = await client.query<{ state: string }>('select public.heartbeat_device($1) as state', [
    deviceId,
  ])
  return at(rows, 0).state
}

async function liveCount(client: pg.Client, userId: string): Promise<number> {
  const { rows } = await client.query<{ devices: unknown[] }>('select private.live_devices($1) as devices', [
    userId,
  ])
  return at(rows, 0).devices.length
}

/** The ids of the devices that a refusal lists. */
function listed(error: unknown): string[] {
  if (!(error instanceof pg.DatabaseError) || error.hint === undefined) throw error
  const devices: unknown = JSON.parse(error.hint)
  if (!Array.isArray(devices)) throw error
  return devices.map((device: unknown) =>
    String(typeof device === 'object' && device !== null && 'deviceId' in device ? device.deviceId : device),
  )
}
