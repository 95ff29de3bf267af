import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testing/database.ts'
import { TestClient } from './testing/client.ts'
import { startTestServer, type TestServer } from './testing/server.ts'

let database: TestDatabase
let server: TestServer

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  server = await startTestServer(database.urls)
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

function connect(version?: '1.0.0'): Promise<TestClient> {
  return TestClient.connect(server.url, server.keys.publishableKey, {}, version)
}

/** Kind 3, or Phoenix's own kind 0 without `kind3`. */
function binaryFrame(
  topic: string,
  event: string,
  payload: string,
  kind3?: { encoding: number; metadata: string },
) {
  const texts = ['1', '9', `realtime:${topic}`, event, ...(kind3 ? [kind3.metadata] : [])]
  const fields = texts.map((text) => Buffer.from(text))
  const head = [kind3 ? 3 : 0, ...fields.map((field) => field.length), ...(kind3 ? [kind3.encoding] : [])]
  return Buffer.concat([Buffer.from(head), ...fields, Buffer.from(payload)])
}

describe('unusual frames', () => {
  it('with more than five elements are read', async () => {
    using client = await connect()
    client.ws.send('[null,"77","phoenix","heartbeat",{},"more"]')
    expect(await client.next((message) => message.ref === '77')).toMatchObject({ payload: { status: 'ok' } })
  })

  it('that leave a topic that was never joined are confirmed; others for that topic are refused', async () => {
    using client = await connect()
    const replyTo = async (topic: string, event: string) => {
      const ref = client.send(topic, event, {})
      return (await client.next((message) => message.ref === ref)).payload
    }
    for (const topic of ['realtime:never', 'elsewhere']) {
      expect(await replyTo(topic, 'phx_leave')).toEqual({ status: 'ok', response: {} })
      expect(await replyTo(topic, 'broadcast')).toMatchObject({
        status: 'error',
        response: { reason: 'unmatched topic' },
      })
    }
  })

  it('of kind 3 with broken JSON reach clients of 2.0.0 unchanged, and no client of 1.0.0', async () => {
    using sender = await connect()
    using listener = await connect()
    using older = await connect('1.0.0')
    for (const client of [sender, listener, older]) await client.join('broken')
    sender.ws.send(binaryFrame('broken', 'e', '{}', { encoding: 1, metadata: '{' }))
    sender.ws.send(binaryFrame('broken', 'e', '{"n":', { encoding: 1, metadata: '' }))
    sender.ws.send(binaryFrame('broken', 'e', '{"n":1}', { encoding: 7, metadata: '{}' }))
    const heard = await listener.nextEvent('broadcast')
    expect(heard.binary?.payload.toString()).toBe('{"n":')
    expect((await listener.nextEvent('broadcast')).binary).toMatchObject({ encoding: 'json' })
    expect((await older.nextEvent('broadcast')).payload).toEqual({
      type: 'broadcast',
      event: 'e',
      payload: { n: 1 },
    })
  })

  it('of kind 0 are answered, and their bytes are relayed as kind 2', async () => {
    using sender = await connect()
    using listener = await connect()
    await sender.join('bytes', { broadcast: { ack: true } })
    await listener.join('bytes')
    sender.ws.send(binaryFrame('bytes', 'broadcast', 'abc'))
    expect(await sender.next((message) => message.ref === '9')).toMatchObject({ payload: { status: 'ok' } })
    expect(await listener.nextEvent('broadcast')).toMatchObject({
      topic: 'realtime:bytes',
      binary: { encoding: 'binary', payload: Buffer.from('abc') },
    })
  })
})

describe('malformed frames', () => {
  it.each([
    ['topic', '[null,"1",5,"broadcast",{}]'],
    ['topic', '[null,"1",{"toString":0},"phx_leave",{}]'],
    ['topic', '[null,"1",null,"x",{}]'],
    ['event', '[null,"1","realtime:t",3,{}]'],
    ['reference', '[null,{"a":1},"elsewhere","x",{}]'],
    ['join reference', '[[1],"1","elsewhere","phx_leave",{}]'],
  ])('with a %s that is no text are ignored: %s', async (_field, frame) => {
    using client = await connect()
    client.ws.send(frame)
    await client.heartbeat()
    expect(client.messages).toHaveLength(1)
    expect(client.failures).toEqual([])
  })

  it('of 1.0.0 are ignored as well', async () => {
    using client = await connect('1.0.0')
    client.ws.send('{"topic":1,"event":"x","payload":{},"ref":"9"}')
    await client.heartbeat()
    expect(client.messages).toHaveLength(1)
  })
})

describe('a broadcast whose payload is no object', () => {
  it.each([['text'], [[1, { a: null }]], [7], [true], [null]])('is relayed as it is: %j', async (payload) => {
    using sender = await connect()
    using listener = await connect()
    using older = await connect('1.0.0')
    const { ref } = await sender.join('any', { broadcast: { self: true, ack: true } })
    for (const client of [listener, older]) await client.join('any')
    const frames = [listener, sender].map((client) => nextFrame(client, '"broadcast"'))
    const olderFrame = nextFrame(older, '"broadcast"')
    expect(await sender.call('any', 'broadcast', payload, ref)).toMatchObject({ status: 'ok' })
    for (const frame of await Promise.all(frames)) {
      expect(frame).toEqual([null, null, 'realtime:any', 'broadcast', payload])
    }
    expect(await olderFrame).toMatchObject({ topic: 'realtime:any', event: 'broadcast', payload })
    expect(await sender.call('any', 'presence', {}, ref)).toMatchObject({ status: 'ok' })
  })

  /** The next frame that contains `text`, as JSON. */
  function nextFrame(client: TestClient, text: string): Promise<unknown> {
    return new Promise((resolve) => {
      client.ws.on('message', (data: Buffer) => {
        if (data.toString().includes(text)) resolve(JSON.parse(data.toString()))
      })
    })
  }
})

describe('a presence event whose name is no text', () => {
  it('crashes its channel and no other; the topic can be joined again', async () => {
    using client = await connect()
    using listener = await connect()
    const { ref } = await client.join('nameless', { presence: { enabled: true } })
    await listener.join('nameless')
    client.send('realtime:nameless', 'presence', { type: 'presence', event: 1 }, ref)
    expect(await client.nextEvent('phx_error')).toMatchObject({
      joinRef: ref,
      ref,
      topic: 'realtime:nameless',
      payload: { reason: 'channel_crash' },
    })
    await listener.heartbeat()
    expect(listener.messages.map((message) => message.event)).not.toContain('phx_error')
    expect(await client.join('nameless')).toMatchObject({ status: 'ok' })
  })
})
