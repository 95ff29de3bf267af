/**
 * This browser profile as one of the user's live devices, of which the database allows only so many.
 *
 *   register ──> live ──> heartbeat ... ──> unregister
 *      └─ too_many_connections, with the devices that are live
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'
import type { Device, Devices, KeyValueStorage } from './ports.ts'
import { call } from './request.ts'

const STORAGE_KEY = 'claimwire:device'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** One request at a time: an unregistration must not overtake the registration that follows it. */
const turns = new WeakMap<object, Promise<unknown>>()

/** @param label for the user to tell devices apart. */
export function createSupabaseDevices(
  supabase: Pick<SupabaseClient, 'rpc'>,
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
          const data: unknown = await call(request, 'database_unavailable')
          const silenceLimitMs = isRecord(data) ? data.silenceLimitMs : undefined
          return { silenceLimitMs: typeof silenceLimitMs === 'number' ? silenceLimitMs : 60_000 }
        } catch (cause) {
          throw withDevices(cause)
        }
      }),
    heartbeat: () =>
      inTurn(async () => {
        const status: unknown = await call(
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

/** A browser and its system in a few words, e.g. "Chrome on Linux"; null where there is none. */
export function deviceLabel(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null
  const named = (names: readonly (readonly [string, RegExp])[]): string | undefined =>
    names.find(([, pattern]) => pattern.test(userAgent))?.[0]
  const browser = named([
    ['Edge', /Edg/],
    ['Opera', /OPR\//],
    ['Firefox', /Firefox|FxiOS/],
    ['Chrome', /Chrom|CriOS/],
    ['Safari', /Safari/],
  ])
  const system = named([
    ['Android', /Android/],
    ['iOS', /iPhone|iPad/],
    ['macOS', /Mac OS/],
    ['Windows', /Windows/],
    ['Linux', /Linux/],
  ])
  if (browser === undefined) return system ?? null
  return system === undefined ? browser : `${browser} on ${system}`
}

function withDevices(cause: unknown): unknown {
  if (!(cause instanceof AppError) || cause.code !== 'too_many_connections') return cause
  const { hint } = cause.details
  const devices: Device[] = (Array.isArray(hint) ? hint : []).flatMap(
    (entry: unknown) => parseDevice(entry) ?? [],
  )
  return new AppError(cause.code, { cause: cause.cause, details: { devices } })
}

function parseDevice(entry: unknown): Device | null {
  if (!isRecord(entry) || typeof entry.deviceId !== 'string') return null
  const { deviceId, label, registeredAt, lastSeenAt } = entry
  return {
    deviceId,
    label: typeof label === 'string' ? label : null,
    registeredAt: typeof registeredAt === 'string' ? registeredAt : '',
    lastSeenAt: typeof lastSeenAt === 'string' ? lastSeenAt : '',
  }
}

/** The same for all tabs of the profile, and after a reload; blocked storage makes each page a device. */
function rememberedId(storage: KeyValueStorage | null): string {
  try {
    const stored = storage?.getItem(STORAGE_KEY) ?? null
    if (stored !== null && UUID.test(stored)) return stored
    const created = newId()
    storage?.setItem(STORAGE_KEY, created)
    return created
  } catch {
    return newId()
  }
}

/** Version 4; unlike `crypto.randomUUID`, also for pages that came over plain HTTP. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(bytes, (byte, index) => {
    const value = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte
    return value.toString(16).padStart(2, '0')
  }).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
