import { AppError } from '../../../../functions-shared/app-error.ts'
import { assert, assertEquals } from '../testing/asserts.ts'
import { assertCode } from '../testing/errors.ts'
import { send, serveHttp, serveRaw, untilClosed } from '../testing/http-server.ts'
import { openConnection } from './connection.ts'
import {
  DEFAULT_LIMITS,
  type DownloadLimits,
  type DownloadOptions,
  download,
  TYPEFORM_ORIGINS,
} from './download.ts'

const FILE = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 31) & 0xff)

interface Overrides extends Partial<Omit<DownloadOptions, 'limits' | 'trustedOrigins'>> {
  limits?: Partial<DownloadLimits>
  trusted?: string[]
}

function get(address: string, { limits, trusted, ...rest }: Overrides = {}): Promise<Uint8Array> {
  return download(address, {
    limits: { ...DEFAULT_LIMITS, ...limits },
    trustedOrigins: new Set(trusted ?? [new URL(address).origin]),
    signal: new AbortController().signal,
    ...rest,
  })
}

/** Answers with these bytes and hangs up. */
function serveBytes(...parts: (string | Uint8Array)[]) {
  return serveRaw({ answer: (connection) => send(connection, ...parts) })
}

Deno.test('returns the bytes of the file, with and without an announced length', async () => {
  await using server = serveHttp((request) => {
    const chunked = new URL(request.url).pathname === '/chunked'
    return new Response(chunked ? new Blob([FILE]).stream() : FILE)
  })
  assertEquals(await get(`${server.origin}/plain`), FILE)
  assertEquals(await get(`${server.origin}/chunked`), FILE)
})

Deno.test('returns what comes until the server hangs up', async () => {
  await using server = serveBytes('HTTP/1.0 200 OK\r\n\r\n', FILE)
  assertEquals(await get(server.origin), FILE)
})

Deno.test('a file that comes byte by byte takes no more memory than its size', async () => {
  const size = 300_000
  await using server = serveBytes(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    '1\r\nx\r\n'.repeat(size),
    '0\r\n\r\n',
  )
  const before = Deno.memoryUsage().heapUsed
  let used = 0
  const bytes = await get(server.origin, {
    onProgress: (received) => {
      if (received === size) used = Deno.memoryUsage().heapUsed - before
    },
  })
  assertEquals(bytes, new TextEncoder().encode('x'.repeat(size)))
  // A list of its pieces is fifty megabytes and more.
  assert(used < 20_000_000, `${used} bytes of objects`)
})

Deno.test('reports how much has arrived', async () => {
  await using server = serveHttp(() => new Response(FILE))
  const seen: [number, number | null][] = []
  await get(server.origin, { onProgress: (received, announced) => seen.push([received, announced]) })
  assertEquals(seen.at(-1), [FILE.length, FILE.length])
})

for (const [status, code] of [
  [404, 'download_not_found'],
  [410, 'download_not_found'],
  [401, 'download_forbidden'],
  [403, 'download_forbidden'],
  [500, 'download_failed'],
  [304, 'download_failed'],
  [204, 'file_empty'],
  [504, 'download_timeout'],
] as const) {
  Deno.test(`${status} is ${code}`, async () => {
    await using server = serveHttp(
      () => new Response(status === 204 || status === 304 ? null : 'no', { status }),
    )
    await assertCode(get(server.origin), code)
  })
}

Deno.test('an empty file is refused', async () => {
  await using server = serveHttp(() => new Response(new Uint8Array()))
  await assertCode(get(server.origin), 'file_empty')
})

Deno.test('a file over the limit is refused by its announcement, before it is read', async () => {
  await using server = serveBytes('HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n')
  await assertCode(get(server.origin), 'file_too_large')
})

Deno.test('a file over the limit is refused while it streams', async () => {
  await using server = serveHttp(() => new Response(new Blob([FILE]).stream()))
  await assertCode(get(server.origin, { limits: { maxBytes: 100_000 } }), 'file_too_large')
  assertEquals((await get(server.origin, { limits: { maxBytes: FILE.length } })).length, FILE.length)
})

Deno.test('a body larger than announced is an error of its own', async () => {
  await using server = serveBytes('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', FILE)
  await assertCode(get(server.origin), 'download_size_mismatch')
})

Deno.test('a body smaller than announced is truncated', async () => {
  await using server = serveBytes('HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n', FILE)
  await assertCode(get(server.origin), 'download_truncated')
})

Deno.test('a chunked body without its last chunk is truncated', async () => {
  await using server = serveBytes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
  await assertCode(get(server.origin), 'download_truncated')
})

for (const [what, head] of [
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['a broken header', 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx'],
  ['a broken chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['a compressed body', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx'],
  ['endless headers', `HTTP/1.1 200 OK\r\n${'x-filler: aaaaaaaaaaaaaaaa\r\n'.repeat(4000)}\r\n`],
  ['a redirect to nowhere', 'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n'],
] as const) {
  Deno.test(`${what} is a failed download`, async () => {
    await using server = serveBytes(head)
    await assertCode(get(server.origin), 'download_failed')
  })
}

Deno.test('an interim answer is skipped', async () => {
  await using server = serveBytes('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok')
  assertEquals(new TextDecoder().decode(await get(server.origin)), 'ok')
})

Deno.test('a refused connection is a failed download', async () => {
  let origin = ''
  {
    await using server = serveHttp(() => new Response())
    origin = server.origin
  }
  await assertCode(get(origin), 'download_failed')
})

Deno.test('a server that never answers is given up', async () => {
  await using server = serveRaw({ answer: untilClosed })
  await assertCode(get(server.origin, { limits: { stallMs: 50 } }), 'download_timeout')
})

Deno.test('a server that stops in the middle is given up', async () => {
  await using server = serveRaw({
    answer: async (connection) => {
      await send(connection, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', 'half')
      await untilClosed(connection)
    },
  })
  await assertCode(get(server.origin, { limits: { stallMs: 50 } }), 'download_timeout')
})

Deno.test('a server that trickles is given up after the whole time', async () => {
  const trickling = Promise.withResolvers<void>()
  await using server = serveRaw({
    answer: async (connection) => {
      await send(connection, 'HTTP/1.1 200 OK\r\n\r\n')
      const timer = setInterval(() => void send(connection, '.').catch(() => clearInterval(timer)), 5)
      await untilClosed(connection).finally(() => {
        clearInterval(timer)
        trickling.resolve()
      })
    },
  })
  await assertCode(get(server.origin, { limits: { totalMs: 200, stallMs: 10_000 } }), 'download_timeout')
  await trickling.promise
})

Deno.test('the outer signal ends a download with its own reason', async () => {
  const outer = new AbortController()
  await using server = serveRaw({
    answer: async (connection) => {
      outer.abort(new AppError('lease_lost'))
      await untilClosed(connection)
    },
  })
  await assertCode(get(server.origin, { signal: outer.signal }), 'lease_lost')
})

Deno.test('redirects are followed, at most five', async () => {
  await using server = serveHttp((request) => {
    const left = Number(new URL(request.url).pathname.slice(1))
    if (left === 0) return new Response(FILE)
    return new Response(null, { status: 302, headers: { location: `/${left - 1}` } })
  })
  assertEquals(await get(`${server.origin}/5`), FILE)
  await assertCode(get(`${server.origin}/6`), 'too_many_redirects')
})

for (const target of [
  'https://127.0.0.1/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://[::1]/',
  'https://[::ffff:169.254.169.254]/',
  'https://10.0.0.1/',
  'https://localhost/',
  'https://metadata.google.internal/',
  // Where it leads says more than that it is not https.
  'http://10.0.0.1/',
  'http://localhost:54321/rest/v1/',
]) {
  Deno.test(`a redirect to ${target} is refused`, async () => {
    await using server = serveHttp(() => new Response(null, { status: 307, headers: { location: target } }))
    await assertCode(get(server.origin), 'private_address')
  })
  Deno.test(`${target} is refused`, () => assertCode(get(target, { trusted: [] }), 'private_address'))
}

for (const address of [
  'http://example.com/a.jpg',
  'ftp://example.com/a.jpg',
  'file:///etc/passwd',
  'data:image/png;base64,AAAA',
  'https://user:pass@example.com/a.jpg',
  'https://example.com:8443/a.jpg',
  'not an address',
  '',
]) {
  Deno.test(`${address || '(empty)'} is no address to download from`, () =>
    assertCode(get(address, { trusted: [] }), 'url_not_allowed'))
  Deno.test(`a redirect to ${address || '(empty)'} is refused or harmless`, async () => {
    await using server = serveHttp((request) =>
      new URL(request.url).pathname === '/start'
        ? new Response(null, { status: 301, headers: { location: address } })
        : new Response('harmless'),
    )
    const outcome = await get(`${server.origin}/start`).then(
      (bytes) => new TextDecoder().decode(bytes),
      (error: unknown) => (error instanceof AppError ? error.code : 'unknown'),
    )
    // Without a scheme it is a path on the same server.
    const relative = address === 'not an address'
    const empty = address === ''
    assertEquals(outcome, relative ? 'harmless' : empty ? 'too_many_redirects' : 'url_not_allowed')
  })
}

/** Connects as usual, but asks this instead of DNS. */
function resolving(resolve: (name: string) => Promise<string[]>, caCerts: string[] = []): Overrides {
  return {
    trusted: [],
    connect: (url, options) => openConnection(url, { ...options, resolve, caCerts }),
  }
}

Deno.test('a name with one private address among public ones is refused', async () => {
  const names = resolving(() => Promise.resolve(['93.184.216.34', '10.0.0.7']))
  await assertCode(get('https://rebind.test/a', names), 'private_address')
})

Deno.test('a name that changes its answer is asked once: what was checked is what is connected to', async () => {
  let reached = 0
  await using trap = serveRaw({
    answer: (connection) => {
      reached += 1
      return send(connection, 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret')
    },
  })
  // Public when it is checked, this machine afterwards. The public one cannot be reached from a test.
  const answers = [['93.184.216.34'], ['127.0.0.1']]
  let asked = 0
  const resolve = () => Promise.resolve(answers[asked++] ?? [])
  const connect: DownloadOptions['connect'] = (_url, options) =>
    openConnection(new URL(`https://rebind.test:${trap.port}/`), { ...options, resolve })
  await assertCode(get('https://rebind.test/a', { trusted: [], connect }), 'download_failed')
  assertEquals([asked, reached], [1, 0])
})

Deno.test('a name without addresses is not found', async () => {
  await assertCode(
    get(
      'https://nowhere.test/a',
      resolving(() => Promise.resolve([])),
    ),
    'download_not_found',
  )
})

Deno.test('a name that does not resolve in time is a timeout', async () => {
  const names = resolving(() => new Promise<string[]>(() => undefined))
  await assertCode(get('https://slow.test/a', { ...names, limits: { connectMs: 50 } }), 'download_timeout')
})

const testdata = (name: string) => Deno.readTextFile(new URL(`../testdata/${name}`, import.meta.url))

Deno.test('over TLS the certificate must be trusted and name the host', async () => {
  const ca = await testdata('tls-ca.pem')
  await using server = serveRaw({
    tls: { cert: await testdata('tls-cert.pem'), key: await testdata('tls-key.pem') },
    answer: (connection) => send(connection, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  })
  /** The server's address under another name, as if DNS had said so. */
  const fetchAs = (host: string, caCerts: string[]) => {
    const address = `https://${host}:${server.port}/`
    const connect: DownloadOptions['connect'] = (url, options) =>
      openConnection(url, { ...options, caCerts, resolve: () => Promise.resolve(['127.0.0.1']) })
    return get(address, { connect })
  }
  assertEquals(new TextDecoder().decode(await fetchAs('files.test', [ca])), 'ok')
  await assertCode(fetchAs('other.test', [ca]), 'download_failed')
  await assertCode(fetchAs('files.test', []), 'download_failed')
})

Deno.test('the token goes to the form service alone and to no redirect', async () => {
  const seen: [string, string | null][] = []
  await using server = serveHttp((request) => {
    const { pathname } = new URL(request.url)
    seen.push([pathname, request.headers.get('authorization')])
    return pathname.startsWith('/file')
      ? new Response(FILE)
      : new Response(null, { status: 302, headers: { location: 'https://api.typeform.com/file' } })
  })
  const { port } = new URL(server.origin)
  const options: Overrides = {
    typeformToken: 'secret-token',
    trusted: ['http://api.typeform.com'],
    connect: () => Deno.connect({ hostname: '127.0.0.1', port: Number(port) }),
  }
  await get('https://api.typeform.com/file', options)
  await get('https://api.typeform.com/moved', options)
  await get('https://eu.api.typeform.com/file-a', options)
  await get('https://api.typeform.com.evil.test/file-b', options)
  await get('http://api.typeform.com/file-c', options)
  assertEquals(seen, [
    ['/file', 'Bearer secret-token'],
    ['/moved', 'Bearer secret-token'],
    ['/file', null],
    ['/file-a', null],
    ['/file-b', null],
    ['/file-c', null],
  ])
})

Deno.test('files of a Typeform account in another region get the token, by its exact https origin alone', async () => {
  const seen: (string | null)[] = []
  await using server = serveHttp((request) => {
    seen.push(request.headers.get('authorization'))
    return new Response(FILE)
  })
  const options: Overrides = {
    typeformToken: 'secret-token',
    tokenOrigins: new Set([...TYPEFORM_ORIGINS, 'https://api.later.typeform.test']),
    trusted: ['http://api.eu.typeform.com'],
    connect: () => Deno.connect({ hostname: '127.0.0.1', port: Number(new URL(server.origin).port) }),
  }
  for (const origin of [
    'https://api.eu.typeform.com',
    'https://api.typeform.eu',
    'https://api.later.typeform.test',
  ])
    await get(`${origin}/responses/files/1/a.jpg`, options)
  assertEquals(seen.splice(0), Array(3).fill('Bearer secret-token'))
  for (const origin of [
    'http://api.eu.typeform.com',
    'https://eu.typeform.com',
    'https://api.eu.typeform.com.evil.test',
    'https://api.typeform.eu.evil.test',
    'https://x.api.typeform.eu',
  ]) {
    await get(`${origin}/responses/files/1/a.jpg`, options)
  }
  assertEquals(seen, Array(5).fill(null))
})
