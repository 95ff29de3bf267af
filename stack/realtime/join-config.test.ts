import { describe, expect, it } from 'vitest'
import { inspect, parseJoin } from './join-config.ts'

describe('a join', () => {
  it('without config takes schema, table and filter from the topic', () => {
    const bindings = (topic: string) => {
      const parsed = parseJoin({}, topic)
      return parsed.ok ? parsed.config.postgresChanges : parsed.reason
    }
    expect(bindings('public')).toEqual([{ schema: 'public' }])
    expect(bindings('public:items')).toEqual([{ schema: 'public', table: 'items' }])
    expect(bindings('public:items:id=eq.1:2')).toEqual([
      { schema: 'public', table: 'items', filter: 'id=eq.1:2' },
    ])
  })

  it('takes true and false as text, and absent or null sections as empty ones', () => {
    const parsed = parseJoin(
      { config: { broadcast: { ack: 'true', self: 'TRUE' }, private: 'false', presence: null } },
      't',
    )
    expect(parsed).toMatchObject({
      ok: true,
      config: { private: false, broadcast: { ack: true, self: true }, presence: { enabled: false, key: '' } },
    })
  })

  it.each([
    [{ config: 'x' }, 'UnknownErrorOnChannel: no function clause matching in Access.get/3'],
    [{ config: { broadcast: 'x' } }, 'UnknownErrorOnChannel: no function clause matching in Access.get/3'],
    [null, 'UnknownErrorOnChannel: expected params to be a :map, got: `nil`'],
  ])('with the payload %j is refused', (payload, reason) => {
    expect(parseJoin(payload, 't')).toEqual({ ok: false, reason })
  })

  it('takes its token from either field, but not an API key of the new kind', () => {
    const token = (payload: Record<string, unknown>) => {
      const parsed = parseJoin(payload, 't')
      return parsed.ok ? parsed.config.accessToken : parsed.reason
    }
    expect(token({ access_token: 'a' })).toBe('a')
    expect(token({ user_token: 'u' })).toBe('u')
    expect(token({ access_token: '' })).toBe('')
    expect(token({ access_token: 'sb_publishable_x' })).toBeUndefined()
    expect(token({ access_token: null })).toBeUndefined()
  })
})

it('prints values as Elixir does', () => {
  expect(inspect({ a: [1, null, true], b: 'x"y' })).toBe('%{"a" => [1, nil, true], "b" => "x\\"y"}')
})
