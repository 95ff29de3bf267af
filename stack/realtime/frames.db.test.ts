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

/** Kind 3, or Phoenix's own kind 0 when there is no encoding. */
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

  it('that leave what was never joined are content; others for it are not', async () => {
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

  it('of broken JSON in kind 3 reach 2.0.0 as they are, and nobody else', async () => {
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

  it('of kind 0 are answered, and their bytes relayed as kind 2', async () => {
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

describe('a message that nothing can be made of', () => {
  it('crashes its channel and no other; the topic can be joined again', async () => {
    using client = await connect()
    using listener = await connect()
    const { ref } = await client.join('crash', { broadcast: { self: true } })
    await listener.join('crash')
    client.send('realtime:crash', 'broadcast', 'no object', ref)
    expect(await client.nextEvent('phx_error')).toMatchObject({
      joinRef: ref,
      ref,
      topic: 'realtime:crash',
      payload: { reason: 'channel_crash' },
    })
    await listener.heartbeat()
    expect(listener.messages.map((message) => message.event)).not.toContain('phx_error')
    expect(await client.join('crash')).toMatchObject({ status: 'ok' })
  })

  it('does no harm as long as nobody listens', async () => {
    using client = await connect()
    const { ref } = await client.join('alone', { broadcast: { ack: true } })
    expect(await client.call('alone', 'broadcast', [1], ref)).toMatchObject({ status: 'ok' })
  })

  it('crashes on a presence event without a name', async () => {
    using client = await connect()
    const { ref } = await client.join('nameless', { presence: { enabled: true } })
    client.send('realtime:nameless', 'presence', { type: 'presence', event: 1 }, ref)
    expect(await client.nextEvent('phx_error')).toMatchObject({ payload: { reason: 'channel_crash' } })
  })
})
