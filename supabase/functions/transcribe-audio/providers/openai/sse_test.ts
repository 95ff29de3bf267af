import fc from 'fast-check'
import { assertEquals } from '../../../_shared/testing/asserts.ts'
import { assertCode } from '../../../_shared/testing/errors.ts'
import { readEvents } from './sse.ts'

/** The events of a stream that arrives in these chunks. An event without a name is a `message`. */
async function read(...chunks: (string | Uint8Array)[]): Promise<{ event: string; data: string }[]> {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk))
  const events = await Array.fromAsync(readEvents(ReadableStream.from(bytes)))
  return events.map(({ event = 'message', data }) => ({ event, data }))
}

const [x, y] = ['x', 'y'].map((data) => ({ event: 'message', data }))

for (const [name, text, expected] of [
  ['comments, and fields that are not used, are ignored', ': ping\nid: 7\nretry: 10\ndata: x\n\n', [x]],
  ['the name of an event without data is dropped', 'event: a\n\ndata: x\n\n', [x]],
  ['a byte order mark is ignored', '\ufeffdata: x\n\n', [x]],
  ['lines may end in CR', 'data: x\r\rdata: y\r\r', [x, y]],
  ['an event that the end of the stream cuts off is ignored', 'data: x\n\ndata: y\n', [x]],
] as const) {
  Deno.test(`server-sent events: ${name}`, async () => {
    assertEquals(await read(text), [...expected])
  })
}

Deno.test('the events do not depend on how the stream is cut into chunks', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ''))
  const events = fc.array(
    fc.record({
      event: line.map((text) => text.trim()),
      data: fc.array(line, { minLength: 1, maxLength: 3 }),
    }),
    {
      maxLength: 5,
    },
  )
  await fc.assert(
    fc.asyncProperty(
      events,
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat(), { maxLength: 20 }),
      async (given, end, cuts) => {
        const text = given
          .map(({ event, data }) =>
            [`event: ${event}`, ...data.map((part) => `data: ${part}`), '', ''].join(end),
          )
          .map((block) => block.slice(0, block.length))
          .join('')
        const bytes = new TextEncoder().encode(text)
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
        const chunks = places.slice(1).map((to, index) => bytes.subarray(places[index], to))
        const expected = given.map(({ event, data }) => ({
          event: event || 'message',
          data: data.join('\n'),
        }))
        assertEquals(await read(...chunks), expected)
      },
    ),
    { numRuns: 300 },
  )
})

Deno.test('a stream may be cut at every byte, also inside characters and line ends', async () => {
  const bytes = new TextEncoder().encode('event: délta\r\ndata: 🚗 Kühler\r\n\r\ndata: ß\n\n')
  for (let at = 0; at <= bytes.length; at += 1) {
    assertEquals(await read(bytes.subarray(0, at), bytes.subarray(at)), [
      { event: 'délta', data: '🚗 Kühler' },
      { event: 'message', data: 'ß' },
    ])
  }
})

Deno.test('an event that is too long is refused', async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(0x61)
  const body = (async function* () {
    yield new TextEncoder().encode('data: ')
    for (;;) yield await Promise.resolve(chunk)
  })()
  await assertCode(Array.fromAsync(readEvents(body)), 'provider_answer_invalid')
})
