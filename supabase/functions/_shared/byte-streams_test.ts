import { limited, readAll, release, streamOf } from './byte-streams.ts'
import { assert, assertEquals } from './testing/asserts.ts'
import { assertCode } from './testing/errors.ts'

const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)
const limit = { maxBytes: 400_000, tooLarge: 'file_too_large' } as const

for (const expectedBytes of [undefined, 0, 10, bytes.length, 400_000, 1e12]) {
  Deno.test(`a stream is read whole where ${expectedBytes} bytes are expected`, async () => {
    assertEquals(await readAll(streamOf(bytes), { ...limit, expectedBytes }), bytes)
  })
}

Deno.test('an empty stream gives no bytes', async () => {
  assertEquals((await readAll(streamOf(new Uint8Array(0)), limit)).length, 0)
})

Deno.test('a stream of exactly the maximum is read', async () => {
  assertEquals(await readAll(streamOf(bytes), { ...limit, maxBytes: bytes.length }), bytes)
})

for (const read of [
  (stream: ReadableStream<Uint8Array>) => readAll(stream, { ...limit, maxBytes: 100_000 }),
  (stream: ReadableStream<Uint8Array>) => Array.fromAsync(limited(stream, { ...limit, maxBytes: 100_000 })),
]) {
  Deno.test(`a stream without end is cancelled at the maximum by ${read.toString().match(/readAll|limited/)?.[0]}`, async () => {
    let sent = 0
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536))
      },
      cancel() {
        cancelled = true
      },
    })
    await assertCode(read(endless), 'file_too_large')
    assert(cancelled, 'the source is told to stop')
    assert(sent <= 4 * 65_536, `${sent} bytes were read`)
  })
}

Deno.test('released bytes are gone', () => {
  const file = new Uint8Array(10)
  release(file)
  assertEquals(file.length, 0)
})
