import { createClient } from '@supabase/supabase-js'
import { createFiles, MAX_FILE_BYTES } from './files.ts'
import { boundedFetch, supabaseFetch } from './outgoing.ts'
import { assert, assertEquals } from './testing/asserts.ts'
import { assertCode } from './testing/errors.ts'
import { serveHttp } from './testing/http-server.ts'

const MB = 1024 * 1024
const bounds = { maxBytes: 1000, refusal: 'provider_answer_invalid' } as const

/** A body without end, and without an announced length. */
function endless(onChunk: (bytes: number) => void): Response {
  const chunk = new Uint8Array(65_536)
  return new Response(
    new ReadableStream({
      pull(controller) {
        onChunk(chunk.length)
        controller.enqueue(chunk)
      },
    }),
  )
}

/** 64 MB of zeros, compressed to 64 kB. */
const bomb = await new Response(
  new Blob([new Uint8Array(64 * MB)]).stream().pipeThrough(new CompressionStream('gzip')),
).bytes()
const compressed = (encoding: string) => () =>
  new Response(bomb, { headers: { 'content-encoding': encoding } })

Deno.test('a request asks for an uncompressed answer and keeps its own headers', async () => {
  const seen: (string | null)[] = []
  await using server = serveHttp(({ headers }) => {
    seen.push(headers.get('accept-encoding'), headers.get('apikey'))
    return new Response('ok')
  })
  const fetch = boundedFetch(bounds)
  assertEquals(await (await fetch(server.origin, { headers: { apikey: 'k' } })).text(), 'ok')
  await (await fetch(new Request(server.origin, { headers: { apikey: 'k' } }))).text()
  assertEquals(seen, ['identity', 'k', 'identity', 'k'])
})

for (const encoding of ['gzip', 'br', 'deflate', 'GZIP', 'gzip, gzip', 'x-unknown']) {
  Deno.test(`an answer with the content encoding ${encoding} is refused and not decompressed`, async () => {
    await using server = serveHttp(compressed(encoding))
    const before = Deno.memoryUsage().rss
    await assertCode(
      boundedFetch({ ...bounds, maxBytes: 100 * MB })(server.origin),
      'provider_answer_invalid',
    )
    assert(Deno.memoryUsage().rss - before < 40 * MB, 'the body was not decompressed')
  })
}

Deno.test('an answer with the content encoding identity is read', async () => {
  await using server = serveHttp(() => new Response('ok', { headers: { 'content-encoding': 'identity' } }))
  assertEquals(await (await boundedFetch(bounds)(server.origin)).text(), 'ok')
})

Deno.test('an answer that is announced as too large is refused before it is read', async () => {
  await using server = serveHttp(() => new Response(new Uint8Array(1001)))
  await assertCode(boundedFetch(bounds)(server.origin), 'provider_answer_invalid')
})

Deno.test('an answer of exactly the maximum is read, with and without an announced length', async () => {
  await using server = serveHttp(({ url }) =>
    url.endsWith('/chunked')
      ? new Response(new Blob([new Uint8Array(1000)]).stream())
      : new Response(new Uint8Array(1000)),
  )
  for (const path of ['/', '/chunked']) {
    assertEquals((await (await boundedFetch(bounds)(server.origin + path)).bytes()).length, 1000)
  }
})

Deno.test('an endless answer is refused at the maximum', async () => {
  let sent = 0
  await using server = serveHttp(() =>
    endless((bytes) => {
      sent += bytes
    }),
  )
  const answer = await boundedFetch({ ...bounds, maxBytes: MB })(server.origin)
  await assertCode(answer.bytes(), 'provider_answer_invalid')
  assert(sent < 16 * MB, `${sent} bytes were sent`)
})

Deno.test('an answer to HEAD may announce more, because it has no body', async () => {
  await using server = serveHttp(() => new Response(null, { headers: { 'content-length': '999999' } }))
  assertEquals((await boundedFetch(bounds)(server.origin, { method: 'HEAD' })).status, 200)
})

/** Leaves the garbage collector no choice. */
function collectGarbage(): void {
  for (let round = 0; round < 40; round += 1) new Array(100_000).fill(round).map((value) => ({ value }))
}

const reason = (error: unknown) => (error instanceof Error ? error.message : error)

for (const [name, timeoutMs, expected] of [
  ['its time', 200, 'The operation was aborted due to timeout'],
  ['the own signal', 60_000, 'own reason'],
  ['the own signal alone', undefined, 'own reason'],
] as const) {
  Deno.test(`a body that does not go on is ended by ${name}, also after a garbage collection`, async () => {
    await using server = serveHttp(
      () =>
        new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) })),
    )
    const own = new AbortController()
    const fetch = boundedFetch({ ...bounds, ...(timeoutMs !== undefined && { timeoutMs }) })
    const body = (await fetch(server.origin, { signal: own.signal })).body
    const reading = (async () => {
      for await (const chunk of body ?? []) assertEquals(chunk.length, 1)
    })().catch(reason)
    await new Promise((resolve) => setTimeout(resolve, 20))
    collectGarbage()
    if (expected === 'own reason') own.abort(new Error(expected))
    assertEquals(await reading, expected)
  })
}

for (const [name, answer, code] of [
  ['compressed', compressed('gzip'), 'storage_unavailable'],
  ['endless', () => endless(() => undefined), 'file_too_large'],
] as const) {
  Deno.test(`an ${name} object of Storage is refused with ${code}`, async () => {
    await using server = serveHttp(answer)
    const client = createClient(server.origin, 'key', {
      auth: { persistSession: false, autoRefreshToken: false },
      global: { fetch: supabaseFetch(30_000) },
    })
    const before = Deno.memoryUsage().rss
    await assertCode(createFiles(client).get('uploads', 'a/b'), code)
    const grown = Deno.memoryUsage().rss - before
    assert(grown < MAX_FILE_BYTES * 4, `${grown} bytes of memory`)
  })
}
