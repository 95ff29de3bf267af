import { describe, expect, it, vi } from 'vitest'
import { readConfiguration } from './configuration.ts'
import { keepToken, parseToken, TOKEN_MARGIN } from './token.ts'

const USER = '0a3f1c52-7f0e-4c7e-9a53-b1a6c0d7e001'
const NOW = Date.parse('2026-11-25T10:00:00Z')

function tokenUntil(expiresAt: number, sub: unknown = USER): string {
  const claims = Buffer.from(JSON.stringify({ sub, exp: expiresAt / 1_000, name: 'Zoë' })).toString(
    'base64url',
  )
  return `e30.${claims}.signature`
}

describe('a token', () => {
  it('is kept while it is good, and asked for anew before it ends', async () => {
    let now = NOW
    const source = vi.fn(() => tokenUntil(now + 3_600_000))
    const tokens = keepToken(source, { maxAge: 10_000_000, clock: () => now })
    expect(await tokens.current()).toMatchObject({ userId: USER, expiresAt: NOW + 3_600_000 })
    now += 3_600_000 - TOKEN_MARGIN - 1
    await tokens.current()
    expect(source).toHaveBeenCalledTimes(1)
    now += 1
    await tokens.current()
    expect(source).toHaveBeenCalledTimes(2)
  })

  it('is kept for its lifetime also where the clock of the device is hours ahead or behind', async () => {
    for (const offset of [7_200_000, -7_200_000]) {
      let now = NOW + offset
      const source = vi.fn(() => tokenUntil(now - offset + 3_600_000))
      const tokens = keepToken(source, { maxAge: 10_000_000, clock: () => now })
      for (let minute = 0; minute < 58; minute += 1) {
        await tokens.current()
        now += 60_000
      }
      expect(source).toHaveBeenCalledTimes(1)
      now += 120_000
      await tokens.current()
      expect(source).toHaveBeenCalledTimes(2)
    }
  })

  it('that the server refused is named to the source', async () => {
    const source = vi.fn((_refused?: string) => tokenUntil(NOW + 3_600_000))
    const tokens = keepToken(source, { maxAge: 1_000, clock: () => NOW })
    const token = await tokens.current()
    tokens.forget()
    await tokens.current()
    expect(source.mock.calls).toEqual([[undefined], [token?.text]])
  })

  it('is asked for once by all who need it, and again when the server has refused it or it is old', async () => {
    let now = NOW
    const source = vi.fn(async () => tokenUntil(NOW + 3_600_000))
    const tokens = keepToken(source, { maxAge: 1_000, clock: () => now })
    await Promise.all([tokens.current(), tokens.current()])
    expect(source).toHaveBeenCalledTimes(1)
    tokens.forget()
    await tokens.current()
    expect(source).toHaveBeenCalledTimes(2)
    now += 1_000
    await tokens.current()
    expect(source).toHaveBeenCalledTimes(3)
  })

  it('that cannot be had is an error with a code; the next time it is asked for again', async () => {
    const source = vi.fn(async () => tokenUntil(NOW)).mockRejectedValueOnce(new TypeError('Failed to fetch'))
    const tokens = keepToken(source, { maxAge: 0, clock: () => NOW })
    await expect(tokens.current()).rejects.toMatchObject({ code: 'token_unavailable' })
    expect(await tokens.current()).not.toBeNull()
  })

  it.each(['', 'no token', 'a.b.c', tokenUntil(NOW, 7)])(
    'that is none (%j) is refused by an error that does not quote it',
    (text) => {
      expect(() => parseToken(text)).toThrow(expect.objectContaining({ code: 'configuration_invalid' }))
      expect(() => parseToken(text)).not.toThrow(text === '' ? 'never' : text)
    },
  )
})

describe('the settings', () => {
  const good = { userId: USER, supabaseUrl: 'https://ref.supabase.co/', supabaseKey: 'sb_publishable_x' }

  it('come from the page, or else from the script', () => {
    expect(
      readConfiguration({ ...good, userId: ' ' }, { userId: USER.toUpperCase(), tokenUrl: '/t' }),
    ).toEqual({
      userId: USER,
      supabaseUrl: 'https://ref.supabase.co',
      supabaseKey: 'sb_publishable_x',
      tokenUrl: '/t',
      storageKey: undefined,
      toasts: true,
      debug: false,
    })
    expect(readConfiguration({ ...good, toasts: 'off', debug: 'on' })).toMatchObject({
      toasts: false,
      debug: true,
    })
  })

  it.each([
    ['userId', undefined, 'configuration_missing', 'data-user-id'],
    ['userId', '17', 'configuration_invalid', 'data-user-id'],
    ['supabaseUrl', '', 'configuration_missing', 'data-supabase-url'],
    ['supabaseUrl', 'javascript:alert(1)', 'configuration_invalid', 'data-supabase-url'],
    ['supabaseKey', `e30.${btoa('{"role":"service_role"}')}.x`, 'configuration_invalid', 'data-supabase-key'],
    ['supabaseKey', 'sb_secret_x', 'configuration_invalid', 'data-supabase-key'],
  ])('with %s %j are refused by name', (name, value, code, setting) => {
    expect(() => readConfiguration({ ...good, [name]: value })).toThrow(
      expect.objectContaining({ code, details: { setting } }),
    )
  })
})
