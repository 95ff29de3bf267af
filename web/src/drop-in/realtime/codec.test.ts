import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode, type Message } from './codec.ts'

const text = fc.string({ unit: 'binary', maxLength: 40 })
const utf8 = (value: string): number[] => [...new TextEncoder().encode(value)]
/** As text goes over a wire and back: half of a surrogate pair does not. */
const isWhole = (value: string): boolean => value.isWellFormed() && !value.startsWith('\uFEFF')

function kind4(fields: readonly string[], encoding: number, payload: readonly number[]): ArrayBuffer {
  const bytes = fields.map(utf8)
  return new Uint8Array([4, ...bytes.map(({ length }) => length), encoding, ...bytes.flat(), ...payload])
    .buffer
}

describe('a message', () => {
  it('is written and read as five elements', () => {
    const message: Message = {
      joinRef: '1',
      ref: '2',
      topic: 'realtime:user:1',
      event: 'phx_join',
      payload: { config: { private: true }, access_token: 'ey' },
    }
    expect(encode(message)).toBe(
      '["1","2","realtime:user:1","phx_join",{"config":{"private":true},"access_token":"ey"}]',
    )
    expect(decode(encode(message))).toEqual(message)
    expect(encode({ ...message, joinRef: null, payload: {} })).toBe(
      '[null,"2","realtime:user:1","phx_join",{}]',
    )
  })

  it('is read back as it was written, with any content', () => {
    const message = fc.record({
      joinRef: fc.option(fc.string()),
      ref: fc.option(fc.string()),
      topic: fc.string(),
      event: fc.string(),
      payload: fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.parse(JSON.stringify(value))),
    })
    fc.assert(
      fc.property(message, (each) => {
        expect(decode(encode(each))).toEqual(each)
      }),
    )
  })

  // As they were recorded of the real server, stack/realtime/golden.
  it.each([
    [
      '["1","1","realtime:lv:36c65d06","phx_reply",{"status":"ok","response":{"postgres_changes":[]}}]',
      { joinRef: '1', ref: '1', event: 'phx_reply' },
    ],
    ['["1","1","realtime:lv:36c65d06","phx_close",{}]', { joinRef: '1', event: 'phx_close', payload: {} }],
    [
      '["2",null,"realtime:room:rw","system",{"message":"Token has expired 0 seconds ago","status":"error","extension":"system","channel":"room:rw"}]',
      { joinRef: '2', ref: null, payload: { status: 'error' } },
    ],
    [
      '[null,null,"realtime:a","broadcast",{"event":"e","payload":{"n":1},"type":"broadcast"}]',
      { joinRef: null, topic: 'realtime:a', payload: { event: 'e', payload: { n: 1 } } },
    ],
  ])('of the server is read: %s', (frame, expected) => {
    expect(decode(frame)).toMatchObject(expected)
  })
})

describe('a broadcast in binary', () => {
  it('of JSON is read as it was recorded', () => {
    const recorded = 'BBMIAAFyZWFsdGltZTpiOmRlNmYxYzlkanNvbi1iaW57Im4iOjN9'
    const bytes = Uint8Array.from(atob(recorded), (char) => char.charCodeAt(0))
    expect(decode(bytes.buffer)).toEqual({
      joinRef: null,
      ref: null,
      topic: 'realtime:b:de6f1c9d',
      event: 'broadcast',
      payload: { event: 'json-bin', payload: { n: 3 } },
    })
  })

  it('gives every field, of any length and in any script, and its bytes as they are', () => {
    fc.assert(
      fc.property(text, text, text, fc.uint8Array(), (topic, event, metadata, payload) => {
        fc.pre([topic, event, metadata].every((field) => isWhole(field) && utf8(field).length < 256))
        expect(decode(kind4([topic, event, metadata], 0, [...payload]))).toEqual({
          joinRef: null,
          ref: null,
          topic,
          event: 'broadcast',
          payload: { event, payload: payload.slice().buffer },
        })
      }),
    )
  })
})

describe('what is no message', () => {
  it.each([
    '',
    'not json',
    '{}',
    'null',
    '[]',
    '1',
    '[null,null,"t","e"]',
    '[null,null,1,"e",{}]',
    '[null,null,"t","e",[]]',
  ])('(%s) is ignored', (frame) => {
    expect(decode(frame)).toBeNull()
  })

  it.each([
    ['nothing', []],
    ['of another kind', [3, 0, 0, 0, 0]],
    ['without a head', [4, 0, 0]],
    ['shorter than it says', [4, 9, 1, 0, 1, 0x74]],
    ['JSON that is none', [4, 1, 1, 0, 1, 0x74, 0x65, 0x7b]],
  ])('in binary (%s) is ignored', (_what, bytes) => {
    expect(decode(new Uint8Array(bytes).buffer)).toBeNull()
  })

  it('never makes reading throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array({ maxLength: 300 })), (frame) => {
        decode(typeof frame === 'string' ? frame : new Uint8Array([4, ...frame]).buffer)
        decode(typeof frame === 'string' ? frame : frame.slice().buffer)
      }),
    )
  })
})
