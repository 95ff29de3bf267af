import { describe, expect, it } from 'vitest'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { Devices } from './ports.ts'
import { createRegisteredTransport } from './registered-transport.ts'
import { deviceLabel } from './supabase-devices.ts'
import { FakeServer, settled } from './testing/fake-server.ts'

type Status = Awaited<ReturnType<Devices['heartbeat']>>

function setup() {
  const world = new FakeServer('user-anna')
  const told: string[] = []
  const server = {
    failure: null as AppError | null,
    status: 'live' as Status,
    registrations: 0,
    heartbeats: 0,
  }
  const devices: Devices = {
    deviceId: 'device-1',
    register: async () => {
      await settled()
      server.registrations += 1
      if (server.failure !== null) throw server.failure
      return { silenceLimitMs: 60_000 }
    },
    heartbeat: async () => {
      server.heartbeats += 1
      return server.status
    },
    unregister: async () => undefined,
  }
  const transport = createRegisteredTransport({
    transport: world,
    devices,
    identity: world,
    clock: () => world.clock.now,
  })
  const join = () =>
    transport.join('user:user-anna', {
      joined: () => told.push('joined'),
      flowing: () => told.push('flowing'),
      message: () => told.push('message'),
      alive: () => told.push('alive'),
      down: (reason) => told.push(`down ${reason}`),
      refused: (code) => told.push(`refused ${code}`),
    })
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 3; n += 1) await settled()
  }
  return { world, server, told, join, settle }
}

describe('a registered device', () => {
  it('joins once it has its place', async () => {
    const { world, told, join, settle } = setup()
    join()
    expect(world.subscriptions).toHaveLength(0)
    await settle()
    expect([told, world.subscriptions.length]).toEqual([['joined'], 1])
  })

  it.each([
    ['too_many_connections', 'refused too_many_connections'],
    ['database_unavailable', 'down socket'],
  ] as const)('does not join on %s', async (code, expected) => {
    const { world, server, told, join, settle } = setup()
    server.failure = new AppError(code)
    join()
    await settle()
    expect([told, world.subscriptions.length]).toEqual([[expected], 0])
  })

  it('is not registered for another user, and not before the signed-in user is known', async () => {
    const { world, server, told, join, settle } = setup()
    world.identifiable = false
    join()
    await settle()
    world.identifiable = true
    world.signIn(null)
    join()
    await settle()
    world.signIn('user-ben')
    join()
    await settle()
    expect(told).toEqual(['down session', 'down session', 'refused user_mismatch'])
    expect([server.registrations, world.subscriptions.length]).toEqual([0, 0])
  })

  it('is not registered when the user has left meanwhile', async () => {
    const { server, told, join, settle } = setup()
    join().leave('end')
    await settle()
    expect([told, server.registrations]).toEqual([[], 0])
  })

  it('that is left while it registers never joins and calls no handler', async () => {
    const { world, server, told, join, settle } = setup()
    const first = join()
    await world.clock.advance(0)
    first.leave('end')
    await settle()
    expect(server.registrations).toBe(1)
    server.failure = new AppError('too_many_connections')
    const second = join()
    await world.clock.advance(0)
    second.leave('end')
    await settle()
    expect([told, world.subscriptions.length]).toEqual([[], 0])
  })

  it('sends heartbeats, no more often than necessary', async () => {
    const { world, server, join, settle } = setup()
    const subscription = join()
    await settle()
    for (let ms = 0; ms < 120_000; ms += 10_000) {
      world.clock.sleep(10_000)
      subscription.ping()
      await settle()
    }
    expect([server.heartbeats, server.registrations]).toEqual([4, 1])
  })

  it.each([
    ['displaced', null, ['joined', 'refused connection_displaced'], 1],
    ['unregistered', null, ['joined'], 2],
    ['unregistered', 'too_many_connections', ['joined', 'refused too_many_connections'], 2],
  ] as const)('that is %s (then %s) acts on it', async (status, failure, expected, registrations) => {
    const { world, server, told, join, settle } = setup()
    world.answersHeartbeats = false
    const subscription = join()
    await settle()
    server.status = status
    server.failure = failure === null ? null : new AppError(failure)
    world.clock.sleep(40_000)
    subscription.ping()
    await settle()
    expect([told, server.registrations]).toEqual([expected, registrations])
  })
})

describe('a label', () => {
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0 Safari/537.36',
      'Chrome on Linux',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/153.0 Safari/537.36 Edg/153.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1 Version/18 Safari/605.1',
      'Safari on macOS',
    ],
    ['Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', 'Firefox on Android'],
    ['Node.js/24', null],
    [undefined, null],
  ])('of %s', (userAgent, expected) => {
    expect(deviceLabel(userAgent)).toBe(expected)
  })
})
