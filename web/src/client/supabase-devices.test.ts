import { describe, expect, it } from 'vitest'
import type { BackendAnswer, BackendRequest } from './backend.ts'
import { createSupabaseDevices } from './supabase-devices.ts'
import { FakeStorage } from './testing/fake-server.ts'

/** A database whose answers the test gives. */
function setup(storage: FakeStorage | null = new FakeStorage()) {
  const asked: { name: string; args: object; answer: (answer: BackendAnswer) => void }[] = []
  const supabase = {
    rpc: (name: string, args: object = {}): BackendRequest => ({
      abortSignal: () =>
        new Promise((answer) => {
          asked.push({ name, args, answer })
        }),
    }),
  }
  return { asked, storage, supabase, devices: createSupabaseDevices(supabase, storage, 'Chrome on Linux') }
}

const turn = () => new Promise((resolve) => setTimeout(resolve))

describe('the requests of a device', () => {
  it('are made in turn, so that none overtakes another, also of several clients; one that fails holds up none', async () => {
    const { asked, supabase, storage, devices } = setup()
    const failure = devices.unregister().catch(({ code }) => code)
    const registration = createSupabaseDevices(supabase, storage, null).register()
    await turn()
    expect(asked.map(({ name }) => name)).toEqual(['unregister_device'])
    asked[0]?.answer({ data: null, error: { message: 'no connection', hint: null } })
    expect(await failure).toBe('database_unavailable')
    await turn()
    expect(asked.map(({ name }) => name)).toEqual(['unregister_device', 'register_device'])
    asked[1]?.answer({ data: { silenceLimitMs: 5_000 }, error: null })
    expect(await registration).toEqual({ silenceLimitMs: 5_000 })
  })

  it('have the device’s id, the same after a reload and in all tabs, and the id of the displaced device', async () => {
    const { asked, storage, supabase, devices } = setup()
    const { deviceId } = createSupabaseDevices(supabase, storage, null)
    expect(devices.deviceId).toBe(deviceId)
    expect(setup().devices.deviceId).not.toBe(deviceId)
    expect(setup(null).devices.deviceId).not.toBe(deviceId)
    void devices.register('device-2')
    await turn()
    expect(asked[0]?.args).toEqual({
      p_device_id: deviceId,
      p_label: 'Chrome on Linux',
      p_displace: 'device-2',
    })
  })

  it('say which devices there are when there are too many, for any content of the hint', async () => {
    const { asked, devices } = setup()
    const refused = devices.register().catch(({ code, details }) => [code, details])
    await turn()
    const device = { deviceId: 'device-2', label: null, registeredAt: 'then', lastSeenAt: 'now' }
    asked[0]?.answer({
      data: null,
      error: { message: 'too_many_connections', hint: JSON.stringify([device, 'odd', { label: 'no id' }]) },
    })
    expect(await refused).toEqual(['too_many_connections', { devices: [device] }])
  })
})
