import { describe, expect, it } from 'vitest'
import { parseReplay, replayFrame } from './replay.ts'

describe('a replay', () => {
  it.each([
    [true, 'none'],
    [null, 'none'],
    [{}, 'invalid'],
    [{ since: '1' }, 'invalid'],
    [{ since: 1.5 }, 'invalid'],
    [{ since: 1e18 }, 'invalid'],
    [{ since: 1, limit: 'x' }, 'invalid'],
    [{ since: -1 }, { since: -1, limit: 25 }],
    [
      { since: 1, limit: 0 },
      { since: 1, limit: 1 },
    ],
    [
      { since: 1, limit: 1000 },
      { since: 1, limit: 25 },
    ],
  ])('%j', (replay, expected) => {
    expect(parseReplay(replay)).toEqual(expected)
  })

  it('of bytes gives clients of 1.0.0 no frame', () => {
    const message = { id: '1', event: 'e', payload: null, binaryPayload: Buffer.from([1]) }
    expect(replayFrame(1, 't', '1', message)).toBeUndefined()
    expect(replayFrame(2, 't', '1', message)?.[0]).toBe(0x82)
  })
})
