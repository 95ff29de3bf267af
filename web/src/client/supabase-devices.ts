/**
 * This browser profile as one of the user's live devices, whose number the database limits.
 *
 *   register ──> live ──> heartbeat ... ──> unregister
 *      └─ too_many_connections, with the devices that are live
 */

import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import type { Backend } from './backend.ts'
import { ClientError, hasCode } from './client-error.ts'
import type { Device, Devices, KeyValueStorage } from './ports.ts'
import { randomId } from './random-id.ts'
import { call } from './request.ts'

const STORAGE_KEY = 'claimwire:device'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Runs one request at a time, so that a registration is not overtaken by the unregistration before it. */
const turns = new WeakMap<object, Promise<unknown>>()

/** @param label name of the device that users see. */
export function createSupabaseDevices(
  supabase: Pick<Backend, 'rpc'>,
  storage: KeyValueStorage | null,
  label: string | null,
): Devices {
  const deviceId = rememberedId(storage)
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(supabase) ?? Promise.resolve()).then(work)
    turns.set(
      supabase,
      turn.catch(() => undefined),
    )
    return turn
  }

  return {
    deviceId,
    register: (displace) =>
      inTurn(async () => {
        const request = supabase.rpc('register_device', {
          p_device_id: deviceId,
          ...(label === null ? {} : { p_label: label }),
          ...(displace === undefined ? {} : { p_displace: displace }),
        })
        try {
          const data = await call(request, 'database_unavailable')
          const silenceLimitMs = isRecord(data) ? data.silenceLimitMs : undefined
          return { silenceLimitMs: typeof silenceLimitMs === 'number' ? silenceLimitMs : 60_000 }
        } catch (cause) {
          throw withDevices(cause)
        }
      }),
    heartbeat: () =>
      inTurn(async () => {
        const status = await call(
          supabase.rpc('heartbeat_device', { p_device_id: deviceId }),
          'database_unavailable',
        )
        return status === 'displaced' || status === 'unregistered' ? status : 'live'
      }),
    unregister: () =>
      inTurn(async () => {
        await call(supabase.rpc('unregister_device', { p_device_id: deviceId }), 'database_unavailable')
      }),
  }
}

/** Browser and system, e.g. "Chrome on Linux"; null for an unknown user agent. */
export function deviceLabel(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null
  const named = (names: string): string | undefined =>
    names
      .split(' ')
      .map((name) => name.split('='))
      .find(([mark = '']) => userAgent.includes(mark))
      ?.at(-1)
  const browser = named('Edg=Edge OPR/=Opera Firefox FxiOS=Firefox Chrom=Chrome CriOS=Chrome Safari')
  const system = named('Android iPhone=iOS iPad=iOS Macintosh=macOS Windows Linux')
  if (browser === undefined) return system ?? null
  return system === undefined ? browser : `${browser} on ${system}`
}

function withDevices(cause: unknown): unknown {
  if (!hasCode(cause, 'too_many_connections')) return cause
  const { hint } = cause.details
  const devices: Device[] = (Array.isArray(hint) ? hint : []).flatMap(
    (entry: unknown) => parseDevice(entry) ?? [],
  )
  return new ClientError(cause.code, { cause: cause.cause, details: { devices } })
}

function parseDevice(entry: unknown): Device | null {
  if (!isRecord(entry) || typeof entry.deviceId !== 'string') return null
  const text = (field: string): string => textAt(entry, field) ?? ''
  return {
    deviceId: entry.deviceId,
    label: textAt(entry, 'label') ?? null,
    registeredAt: text('registeredAt'),
    lastSeenAt: text('lastSeenAt'),
  }
}

/** The device id, kept in storage for all tabs and reloads. With blocked storage each page is a device. */
function rememberedId(storage: KeyValueStorage | null): string {
  try {
    const stored = storage?.getItem(STORAGE_KEY) ?? null
    if (stored !== null && UUID.test(stored)) return stored
    const created = randomId()
    storage?.setItem(STORAGE_KEY, created)
    return created
  } catch {
    return randomId()
  }
}
