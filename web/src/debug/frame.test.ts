import { describe, expect, it } from 'vitest'
import { redact, toFrame } from './frame.ts'

const shown = (kind: string, text: string, data: unknown = {}) => {
  const { direction, topic, event } = toFrame(1, 0, kind, text, data)
  return [direction, topic, event]
}

describe('a frame', () => {
  it('has direction, topic and event', () => {
    expect(shown('push', 'realtime:user:1 phx_join (2, 2)')).toEqual(['out', 'user:1', 'phx_join'])
    expect(shown('push', 'phoenix heartbeat (undefined, 7)')).toEqual(['out', 'phoenix', 'heartbeat'])
    expect(shown('receive', 'ok realtime:user:1 phx_reply (2)')).toEqual(['in', 'user:1', 'phx_reply ok'])
    expect(shown('receive', 'realtime:user:1 broadcast', { event: 'image_processed' })).toEqual([
      'in',
      'user:1',
      'broadcast image_processed',
    ])
    expect(shown('transport', 'connected to wss://a.example')).toEqual([
      'note',
      'transport',
      'connected to wss://a.example',
    ])
  })

  it('has no tokens in it, in any field and at any depth', () => {
    const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
    const frame = toFrame(1, 0, 'receive', 'realtime:user:1 broadcast', {
      access_token: jwt,
      payload: {
        list: [{ refreshToken: 'abc', note: `see ${jwt}` }],
        signedUrl: `https://a.example/x.jpg?token=${jwt}&w=1`,
      },
    })
    expect(JSON.stringify(frame)).not.toMatch(/eyJ|abc/)
    expect(frame.payload).toMatchObject({
      payload: { signedUrl: 'https://a.example/x.jpg?token=…&w=1' },
    })
  })

  it('has a placeholder for values that JSON cannot have', () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    expect(JSON.stringify(redact(circular))).toContain('…')
    expect(redact(new Map())).toBe('[Map]')
    expect(toFrame(1, 0, 'transport', 'x', undefined).size).toBe(0)
  })
})
