import fc from 'fast-check'
import { assertEquals } from '../../../_shared/testing/asserts.ts'
import { assertCode } from '../../../_shared/testing/errors.ts'
import { readEvents, type ServerSentEvent } from './sse.ts'

async function read(...pieces: (string | Uint8Array)[]): Promise<ServerSentEvent[]> {
  const bytes = pieces.map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece))
  const body = (async function* () {
    for (const piece of bytes) yield await Promise.resolve(piece)
  })()
  return await Array.fromAsync(readEvents(body))
}

for (const [name, text, expected] of [
  ['an event', 'data: hello\n\n', [{ event: 'message', data: 'hello' }]],
  ['its name', 'event: delta\ndata: x\n\n', [{ event: 'delta', data: 'x' }]],
  ['no space after the colon', 'event:delta\ndata:x\n\n', [{ event: 'delta', data: 'x' }]],
  ['one space belongs to the form, a second to the text', 'data:  x\n\n', [{ event: 'message', data: ' x' }]],
  ['several lines of data', 'data: a\ndata: b\n\n', [{ event: 'message', data: 'a\nb' }]],
  ['data without a value', 'data\n\n', [{ event: 'message', data: '' }]],
  ['a colon in the data', 'data: {"a":"b: c"}\n\n', [{ event: 'message', data: '{"a":"b: c"}' }]],
  [
    'comments and fields that nobody needs',
    ': ping\nid: 7\nretry: 10\ndata: x\n\n',
    [{ event: 'message', data: 'x' }],
  ],
  ['a name of its own for each', 'event: a\n\ndata: x\n\n', [{ event: 'message', data: 'x' }]],
  ['a byte order mark', '\ufeffdata: x\n\n', [{ event: 'message', data: 'x' }]],
  [
    'CRLF',
    'event: a\r\ndata: x\r\n\r\ndata: y\r\n\r\n',
    [
      { event: 'a', data: 'x' },
      { event: 'message', data: 'y' },
    ],
  ],
  [
    'CR',
    'data: x\r\rdata: y\r\r',
    [
      { event: 'message', data: 'x' },
      { event: 'message', data: 'y' },
    ],
  ],
  ['an event without its end is none', 'data: x\n\ndata: y\n', [{ event: 'message', data: 'x' }]],
  ['nothing', '', []],
] as const) {
  Deno.test(`server-sent events: ${name}`, async () => {
    assertEquals(await read(text), [...expected])
  })
}

Deno.test('however a stream is cut into pieces, its events are the same', async () => {
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
        const pieces = places.slice(1).map((to, index) => bytes.subarray(places[index], to))
        const expected = given.map(({ event, data }) => ({
          event: event || 'message',
          data: data.join('\n'),
        }))
        assertEquals(await read(...pieces), expected)
      },
    ),
    { numRuns: 300 },
  )
})

Deno.test('a stream cut at every byte, inside characters and line ends', async () => {
  const bytes = new TextEncoder().encode('event: délta\r\ndata: 🚗 Kühler\r\n\r\ndata: ß\n\n')
  for (let at = 0; at <= bytes.length; at += 1) {
    assertEquals(await read(bytes.subarray(0, at), bytes.subarray(at)), [
      { event: 'délta', data: '🚗 Kühler' },
      { event: 'message', data: 'ß' },
    ])
  }
})

Deno.test('an event that never ends is given up', async () => {
  const piece = new Uint8Array(1024 * 1024).fill(0x61)
  const body = (async function* () {
    yield new TextEncoder().encode('data: ')
    for (;;) yield await Promise.resolve(piece)
  })()
  await assertCode(Array.fromAsync(readEvents(body)), 'provider_answer_invalid')
})
