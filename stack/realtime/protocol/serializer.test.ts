import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { broadcastPayload, jsonMessage, userBroadcastMessage } from './outgoing.ts'
import { decodeBinary, decodeText, encodeText, userBroadcastHead } from './serializer.ts'
import { binaryFrame, textFrame } from './ws-frame.ts'

const short = fc.string({ unit: 'binary', maxLength: 40 })

describe('text frames', () => {
  it('of 2.0.0 are read back as they were written', () => {
    fc.assert(
      fc.property(
        fc.option(fc.oneof(fc.string(), fc.nat())),
        fc.option(fc.oneof(fc.string(), fc.nat())),
        fc.string(),
        fc.string(),
        fc.jsonValue(),
        (...parts) => {
          const [joinRef, ref, topic, event, payload] = parts
          const text = encodeText(2, joinRef, ref, topic, event, JSON.stringify(payload))
          expect(decodeText(2, text)).toEqual({
            joinRef,
            ref,
            topic,
            event,
            payload: JSON.parse(JSON.stringify(payload)),
          })
        },
      ),
    )
  })

  it('of 1.0.0 carry no join_ref, but may be sent with one', () => {
    const text = encodeText(1, '1', '2', 't', 'e', '{"n":1}')
    expect(text).toBe('{"ref":"2","event":"e","topic":"t","payload":{"n":1}}')
    expect(decodeText(1, '{"topic":"t","event":"e","payload":{},"ref":"2","join_ref":"1"}')).toEqual({
      joinRef: '1',
      ref: '2',
      topic: 't',
      event: 'e',
      payload: {},
    })
  })

  it('that lack a field, or are of the other version, are no messages', () => {
    const frames = ['', 'not json', '[]', '{}', 'null', '"s"', '1', '{"topic":"t","event":"e","payload":{}}']
    for (const frame of [...frames, '[null,"1","t","e",{}]']) expect(decodeText(1, frame)).toBeUndefined()
    for (const frame of [...frames, '[null,"1","t","e"]']) expect(decodeText(2, frame)).toBeUndefined()
    expect(decodeText(2, '[null,"1","t","e",{},"more"]')).toMatchObject({ topic: 't', event: 'e' })
    for (const broken of [
      '[null,"1",1,"e",{}]',
      '[null,"1","t",{},{}]',
      '[null,[],"t","e",{}]',
      '[true,"1","t","e",{}]',
    ])
      expect(decodeText(2, broken)).toBeUndefined()
    expect(decodeText(1, '{"topic":1,"event":"e","payload":{},"ref":"1"}')).toBeUndefined()
  })

  it('never make decoding throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.constantFrom<1 | 2>(1, 2), (text, version) => {
        decodeText(version, text)
      }),
    )
  })
})

describe('binary frames', () => {
  it('of kind 3 are decoded with every field', () => {
    fc.assert(
      fc.property(
        short,
        short,
        short,
        short,
        fc.json(),
        fc.uint8Array(),
        fc.integer({ min: 0, max: 255 }),
        (...parts) => {
          const [joinRef, ref, topic, event, metadata, payload, encoding] = parts
          const fields = [joinRef, ref, topic, event, metadata].map((field) => Buffer.from(field))
          fc.pre(fields.every((field) => field.length < 256 && Buffer.from(field.toString()).equals(field)))
          const head = Buffer.from([3, ...fields.map((field) => field.length), encoding])
          const decoded = decodeBinary(2, Buffer.concat([head, ...fields, payload]))
          expect(decoded).toMatchObject({
            joinRef,
            ref,
            topic,
            event: 'broadcast',
            userBroadcast: {
              event,
              metadata,
              encoding: encoding === 0 ? 'binary' : 'json',
              payload: Buffer.from(payload),
            },
          })
        },
      ),
    )
  })

  it('of kind 3 whose metadata is no JSON are no messages', () => {
    expect(decodeBinary(2, Buffer.from([3, 0, 0, 1, 1, 1, 1, 0x74, 0x65, 0x7b]))).toBeUndefined()
    expect(decodeBinary(2, Buffer.from([3, 0, 0, 1, 1, 1, 1, 0x74, 0x65, 0x31]))).toBeDefined()
  })

  it('of kind 0 are decoded with every field and the bytes', () => {
    const frame = Buffer.concat([
      Buffer.from([0, 1, 2, 3, 4]),
      Buffer.from('122toparrive'),
      Buffer.from([7, 8]),
    ])
    expect(decodeBinary(2, frame)).toMatchObject({
      joinRef: '1',
      ref: '22',
      topic: 'top',
      event: 'arri',
      bytes: Buffer.from([0x76, 0x65, 7, 8]),
    })
  })

  it('of any bytes never make decoding throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeBinary(2, Buffer.from(bytes))
        decodeBinary(2, Buffer.from([3, ...bytes]))
        decodeBinary(2, Buffer.from([0, ...bytes]))
      }),
    )
  })

  it('are ignored in 1.0.0', () => {
    expect(decodeBinary(1, Buffer.from([3, 0, 0, 1, 1, 0, 1, 0x74, 0x65, 0x7b, 0x7d]))).toBeUndefined()
  })

  it('of kind 4 match the recorded bytes', () => {
    const head = userBroadcastHead('realtime:b:de6f1c9d', {
      event: 'json-bin',
      encoding: 'json',
      metadata: '',
      payload: Buffer.alloc(0),
    })
    expect(head && Buffer.concat([head, Buffer.from('{"n":3}')]).toString('base64')).toBe(
      'BBMIAAFyZWFsdGltZTpiOmRlNmYxYzlkanNvbi1iaW57Im4iOjN9',
    )
  })
})

describe('messages to many', () => {
  const broadcast = {
    event: 'e',
    encoding: 'json',
    metadata: '{"id":"1"}',
    payload: Buffer.from('{"n":1}'),
  } as const

  it('are encoded once per version', () => {
    const message = userBroadcastMessage('t', broadcast, '{"id":"1"}')
    expect(message.frame(1)).toBe(message.frame(1))
    expect(message.frame(2)).toBe(message.frame(2))
    expect(message.frame(1)).not.toBe(message.frame(2))
  })

  it('of bytes give clients of 1.0.0 no frame', () => {
    const bytes = userBroadcastMessage('t', { ...broadcast, encoding: 'binary' })
    expect(bytes.frame(1)).toBeUndefined()
    expect(bytes.frame(2)).toBeDefined()
  })

  it('of broken JSON give clients of 1.0.0 no frame', () => {
    const broken = userBroadcastMessage('t', { ...broadcast, payload: Buffer.from('{') })
    expect(broken.frame(1)).toBeUndefined()
    expect(broken.frame(2)).toBeDefined()
  })

  it('whose topic is too long for kind 4 are sent as text', () => {
    const frame = userBroadcastMessage('x'.repeat(300), broadcast).frame(2)
    expect(frame?.[0]).toBe(0x81)
    expect(frame?.subarray(4).toString()).toContain(broadcastPayload('e', '{"n":1}'))
  })

  it('of JSON carry neither join_ref nor ref', () => {
    expect(jsonMessage('t', 'e', '{}').frame(2)?.subarray(2).toString()).toBe(
      '[null,null,"realtime:t","e",{}]',
    )
  })
})

describe('WebSocket frames', () => {
  it.each([0, 125, 126, 65_535, 65_536])('state a length of %i bytes', (length) => {
    const payload = Buffer.alloc(length, 'x')
    const frame = textFrame(payload.toString())
    expect(frame[0]).toBe(0x81)
    expect(frame.subarray(frame.length - length)).toEqual(payload)
    const stated = frame.readUInt8(1)
    const header = stated < 126 ? 2 : stated === 126 ? 4 : 10
    expect(frame.length).toBe(header + length)
    expect(
      stated < 126 ? stated : stated === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2)),
    ).toBe(length)
    expect(binaryFrame(payload.subarray(0, 1), payload.subarray(1)).subarray(1)).toEqual(frame.subarray(1))
  })
})
