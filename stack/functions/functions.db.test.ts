import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { cp, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { generateKeys } from '../keys/index.ts'
import { createMemoryLogger } from '../logger.ts'
import type { Caller } from '../types.ts'
import { createFunctionsHost, type FunctionsHost, supabaseEnvironment } from './index.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const ANON: Caller = { role: 'anon', claims: { role: 'anon' } }
/** Milliseconds; only requests that hang reach it. */
const TIMEOUT_MS = 3_000

const logger = createMemoryLogger()
const databasePort = inject('testCluster').port
let env: Record<string, string>
let host: FunctionsHost

beforeAll(async () => {
  env = { ...supabaseEnvironment('http://127.0.0.1:1', await generateKeys()), GIVEN: 'yes' }
  host = createFunctionsHost({
    functionsDir: FIXTURES,
    env: () => env,
    logger,
    timeoutMs: TIMEOUT_MS,
    denyNet: [`127.0.0.1:${databasePort}`],
  })
})

afterAll(() => host.stop())

function call(target: string, init?: RequestInit, on: FunctionsHost = host): Promise<Response> {
  const request = new Request(`http://functions.test${target}`, init)
  return on.fetch(request, { caller: ANON, path: new URL(request.url).pathname })
}

async function answer(target: string, init?: RequestInit, on?: FunctionsHost): Promise<[number, unknown]> {
  const response = await call(target, init, on)
  const text = await response.text()
  return [response.status, text.startsWith('{') ? JSON.parse(text) : text]
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10)
}

function logged(source: string, text: string, from = 0): boolean {
  return logger.entries.slice(from).some((entry) => entry.source === source && entry.message.includes(text))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('a request', () => {
  it('reaches the function byte for byte, with its path, query, method and headers', async () => {
    const body = randomBytes(300_000)
    const [status, seen] = await answer('/echo/some%20path/x?a=1&b=%C3%A5', {
      method: 'PATCH',
      headers: { 'x-own': 'value', 'content-type': 'application/octet-stream', te: 'trailers' },
      body,
    })
    expect(status).toBe(200)
    expect(seen).toMatchObject({
      method: 'PATCH',
      path: '/echo/some%20path/x',
      search: '?a=1&b=%C3%A5',
      bytes: body.byteLength,
      sha256: createHash('sha256').update(body).digest('hex'),
      headers: { 'x-own': 'value', 'content-type': 'application/octet-stream', host: 'functions.test' },
    })
    expect(seen).not.toHaveProperty('headers.te')
  })

  it('gets the status and every header back', async () => {
    const response = await call('/echo?status=204')
    expect(response.status).toBe(204)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('x-own')).toBe('yes')
    expect(response.headers.get('connection')).toBeNull()
  })

  it('without a body to a function that serves in the older way works', async () => {
    expect(await answer('/legacy/x')).toEqual([200, 'legacy /legacy/x'])
    expect((await call('/legacy/x', { method: 'HEAD' })).status).toBe(200)
  })

  it.each([
    '/nowhere',
    '/_shared',
    '/_private',
    '/',
    '/..',
    '/%2e%2e',
    '/echo%2f..',
    '/.',
    '/deno.json',
    `/${'x'.repeat(200)}`,
  ])('for %s finds no function', async (path) => {
    const response = await host.fetch(new Request('http://functions.test/'), { caller: ANON, path })
    expect([response.status, await response.json()]).toEqual([
      404,
      { code: 'NOT_FOUND', message: 'Requested function was not found' },
    ])
  })
})

describe('a function that is not there', () => {
  it('is logged once, because the database that calls functions ignores their answers', async () => {
    const from = logger.entries.length
    for (const path of ['/no-such', '/no-such/below', '/No%20name'])
      expect((await call(path)).status).toBe(404)
    const entries = logger.entries.slice(from).filter(({ source }) => source === 'functions')
    expect(entries.map(({ fields }) => fields.folder)).toEqual([expect.stringMatching(/\/no-such$/)])
  })
})

describe('a function', () => {
  it('starts once for many first requests', async () => {
    const fresh = createFunctionsHost({ functionsDir: FIXTURES, env: () => env, logger })
    try {
      const answers = await Promise.all(Array.from({ length: 25 }, () => answer('/echo', undefined, fresh)))
      const processes = new Set(answers.map(([, body]) => JSON.stringify(Object(body).startedAs)))
      expect(processes.size).toBe(1)
      expect([...processes][0]).toMatch(/^"[0-9a-f-]{36}"$/)
    } finally {
      await fresh.stop()
    }
  })

  it('sees the environment that the host gives, and nothing of the host', async () => {
    process.env.SECRET_OF_THE_HOST = 'secret'
    const [, body] = await answer('/peek', { method: 'POST', body: '[]' })
    expect(Object.keys(Object(body).env).sort()).toEqual(
      [
        ...Object.keys(env),
        'SUPABASE_FUNCTION_SLUG',
        'SB_EXECUTION_ID',
        'TMPDIR',
        // Deno's own.
        'DENO_DIR',
        'DENO_NO_UPDATE_CHECK',
        'DENO_NODE_SHIM_ACTIVE',
        'NO_COLOR',
        'PATH',
      ].sort(),
    )
    expect(JSON.stringify(body)).not.toContain('secret"')
  })

  it('may use its temporary folder and the network, and nothing else of the machine', async () => {
    await using gate = await startGate()
    gate.open()
    const attempts = [
      { read: '/etc/hostname' },
      { read: join(FIXTURES, '..', '..', '..', 'package.json') },
      { read: join(FIXTURES, 'crash', 'index.ts') },
      { read: join(FIXTURES, '..', 'fixtures', 'peek', '..', '..', 'host.ts') },
      { write: join(tmpdir(), 'outside') },
      { write: join(FIXTURES, 'peek', 'written.ts') },
      { run: '/bin/sh' },
      { connect: { hostname: '127.0.0.1', port: databasePort } },
      { connect: { hostname: 'localhost', port: databasePort } },
      { connect: { hostname: '0.0.0.0', port: databasePort } },
      { connect: { hostname: '::ffff:127.0.0.1', port: databasePort } },
      { connect: { hostname: '::1', port: databasePort } },
      { connect: { hostname: '::', port: databasePort } },
      { connect: { hostname: '169.254.169.254', port: 80 } },
      { read: join(FIXTURES, 'peek', 'index.ts') },
      { fetch: gate.url },
    ]
    const [, body] = await answer('/peek', { method: 'POST', body: JSON.stringify(attempts) })
    expect(body).toMatchObject({
      outcomes: [...Array.from({ length: 14 }, () => 'NotCapable'), 'allowed', 'allowed'],
      temporary: 'kept',
    })
  })

  it('may live in folders of any name', async () => {
    const folder = await mkdtemp(join(tmpdir(), `functions, 'odd' "names" ü $-`))
    await cp(FIXTURES, join(folder, 'functions'), { recursive: true })
    const own = createFunctionsHost({
      functionsDir: join(folder, 'functions'),
      workDir: join(folder, 'work'),
      env: () => env,
      logger,
    })
    try {
      const attempts = [{ read: join(folder, 'functions', 'peek', 'index.ts') }, { read: folder }]
      const [, body] = await answer('/peek', { method: 'POST', body: JSON.stringify(attempts) }, own)
      expect(body).toMatchObject({ outcomes: ['allowed', 'NotCapable'], temporary: 'kept' })
    } finally {
      await own.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('that does not load is answered 503, with the reason in the log', async () => {
    expect(await answer('/broken')).toEqual([
      503,
      { code: 'BOOT_ERROR', message: 'Function failed to start (please check logs)' },
    ])
    await until(() => logged('broken', 'does not load'))
  })

  it('writes to the log under its name', async () => {
    await answer('/background/timer')
    await until(() => logged('background', 'background work done'))
    const entry = logger.entries.find(({ message }) => message === 'background work done')
    expect(entry).toMatchObject({ level: 'info', source: 'background' })
  })

  it('whose sources change while it starts still answers the requests that wait', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'functions-test-'))
    const reloading = createFunctionsHost({ functionsDir: dir, env: () => env, logger, reloadCheckMs: 0 })
    try {
      await cp(join(FIXTURES, 'legacy'), join(dir, 'legacy'), { recursive: true })
      const early = answer('/legacy/early', undefined, reloading)
      await until(() => reloading.pidOf('legacy') !== undefined)
      const soon = new Date(Date.now() + 5000)
      await utimes(join(dir, 'legacy', 'index.ts'), soon, soon)
      expect(await answer('/legacy/late', undefined, reloading)).toEqual([200, 'legacy /legacy/late'])
      expect(await early).toEqual([200, 'legacy /legacy/early'])
    } finally {
      await reloading.stop()
      await rm(dir, { recursive: true, force: true })
    }
  })

  it('is started afresh when its sources change', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'functions-test-'))
    const reloading = createFunctionsHost({ functionsDir: dir, env: () => env, logger, reloadCheckMs: 0 })
    try {
      await cp(join(FIXTURES, 'legacy'), join(dir, 'legacy'), { recursive: true })
      await cp(join(FIXTURES, '_shared'), join(dir, '_shared'), { recursive: true })
      expect(await answer('/legacy/1', undefined, reloading)).toEqual([200, 'legacy /legacy/1'])
      const first = reloading.pidOf('legacy')
      await answer('/legacy/2', undefined, reloading)
      expect(reloading.pidOf('legacy')).toBe(first)
      const soon = new Date(Date.now() + 5000)
      await utimes(join(dir, '_shared', 'started.ts'), soon, soon)
      await answer('/legacy/3', undefined, reloading)
      expect(reloading.pidOf('legacy')).not.toBe(first)
      await writeFile(
        join(dir, 'legacy', 'index.ts'),
        `export default { fetch: () => new Response('changed') }`,
      )
      expect(await answer('/legacy/4', undefined, reloading)).toEqual([200, 'changed'])
      await until(() => first !== undefined && !isAlive(first))
    } finally {
      await reloading.stop()
      await rm(dir, { recursive: true, force: true })
    }
  })
})

describe('a function that hangs', () => {
  const timedOut = [504, { code: 'WORKER_TIMEOUT', message: 'Function did not answer within its time limit' }]

  it.each(['promise', 'loop'])(
    'in a %s is answered 504 and killed, while another function answers',
    async (way) => {
      await answer('/hang')
      const pid = host.pidOf('hang')
      const hanging = answer(`/hang/${way}`)
      expect((await answer('/echo'))[0]).toBe(200)
      expect(await hanging).toEqual(timedOut)
      await until(() => pid !== undefined && !isAlive(pid))
      expect(await answer('/hang')).toEqual([200, 'alive'])
      expect(host.pidOf('hang')).not.toBe(pid)
    },
  )

  it('in the middle of its answer has the answer broken off', async () => {
    const response = await call('/hang/body')
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    expect(await answer('/hang')).toEqual([200, 'alive'])
  })

  it('leaves other requests to the same function alone', async () => {
    await using gate = await startGate()
    await answer('/hang')
    const old = host.pidOf('hang')
    const hanging = answer('/hang/promise')
    // Time has to pass: a request that began later is within its own limit when the first is over it.
    await sleep(TIMEOUT_MS / 2)
    const slow = answer(`/hang/slow?until=${gate.url}`)
    await gate.reached
    expect(await hanging).toEqual(timedOut)
    expect(await answer('/hang')).toEqual([200, 'alive'])
    expect(host.pidOf('hang')).not.toBe(old)
    gate.open()
    expect(await slow).toEqual([200, 'through'])
    await until(() => old !== undefined && !isAlive(old))
  })
})

interface Gate extends AsyncDisposable {
  readonly url: string
  /** Resolves when a request waits for the answer. */
  readonly reached: Promise<void>
  open(): void
}

/** A server that answers when `open` is called. */
async function startGate(): Promise<Gate> {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const server = createServer(async (_request, response) => {
    reached.resolve()
    await opened.promise
    response.end('through')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    reached: reached.promise,
    open: () => opened.resolve(),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

describe('a function that crashes', () => {
  it.each(['exit', 'rejection'])('by %s is answered 502, and the next request starts afresh', async (way) => {
    await answer('/crash')
    const pid = host.pidOf('crash')
    expect(await answer(`/crash/${way}`)).toEqual([
      502,
      { code: 'WORKER_ERROR', message: 'Function exited due to an error (please check logs)' },
    ])
    expect(await answer('/crash')).toEqual([200, 'alive'])
    expect(host.pidOf('crash')).not.toBe(pid)
  })

  it('because its memory is full is answered 546', async () => {
    const roomy = createFunctionsHost({ functionsDir: FIXTURES, env: () => env, logger, heapMb: 64 })
    try {
      expect(await answer('/crash/memory', undefined, roomy)).toMatchObject([546, { code: 'WORKER_LIMIT' }])
    } finally {
      await roomy.stop()
    }
  })

  it.each(['buffers', 'memory'])(
    'because its %s take more than the whole process may is answered 546, and its id is told',
    async (kind) => {
      const told: string[] = []
      const small = createFunctionsHost({
        functionsDir: FIXTURES,
        env: () => env,
        logger,
        heapMb: 1024,
        memoryMb: 200,
        onOutOfMemory: async (workerId) => void told.push(workerId),
      })
      try {
        expect(await answer('/crash', undefined, small)).toEqual([200, 'alive'])
        const pid = small.pidOf('crash')
        expect(await answer(`/crash/${kind}`, undefined, small)).toMatchObject([
          546,
          { code: 'WORKER_LIMIT' },
        ])
        expect(told).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)])
        expect(pid !== undefined && isAlive(pid)).toBe(false)
        expect(await answer('/crash', undefined, small)).toEqual([200, 'alive'])
      } finally {
        await small.stop()
      }
    },
  )

  it('in its handler alone is answered 500 and lives on', async () => {
    await answer('/crash')
    const pid = host.pidOf('crash')
    expect(await answer('/crash/throw')).toMatchObject([500, { code: 'WORKER_ERROR' }])
    await until(() => logged('crash', 'thrown by the handler'))
    expect(await answer('/crash')).toEqual([200, 'alive'])
    expect(host.pidOf('crash')).toBe(pid)
  })

  it('that was killed from outside is started by the next request', async () => {
    await answer('/crash')
    const pid = host.pidOf('crash')
    if (pid === undefined) throw new Error('not running')
    process.kill(pid, 'SIGKILL')
    await until(() => host.pidOf('crash') === undefined)
    expect(await answer('/crash')).toEqual([200, 'alive'])
    expect(host.pidOf('crash')).not.toBe(pid)
  })

  it('in its background work logs the error and lives on', async () => {
    await answer('/background')
    const pid = host.pidOf('background')
    expect(await answer('/background/reject')).toEqual([200, 'accepted'])
    await until(() => logged('background', 'background work failed'))
    expect(await answer('/background')).toEqual([200, 'alive'])
    expect(host.pidOf('background')).toBe(pid)
  })
})

describe('background work', () => {
  it('is finished before a process is replaced', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'functions-test-'))
    const own = createMemoryLogger()
    const reloading = createFunctionsHost({
      functionsDir: dir,
      env: () => env,
      logger: own,
      reloadCheckMs: 0,
    })
    try {
      await cp(join(FIXTURES, 'background'), join(dir, 'background'), { recursive: true })
      await answer('/background/timer', undefined, reloading)
      const old = reloading.pidOf('background')
      await writeFile(
        join(dir, 'background', 'index.ts'),
        `export default { fetch: () => new Response('changed') }`,
      )
      expect(await answer('/background', undefined, reloading)).toEqual([200, 'changed'])
      await until(() => old !== undefined && !isAlive(old))
      expect(own.entries.map(({ message }) => message)).toContain('background work done')
    } finally {
      await reloading.stop()
      await rm(dir, { recursive: true, force: true })
    }
  })
})

describe('the host', () => {
  it('kills every process at stop(), looping ones too, and answers 503 from then on', async () => {
    const stopping = createFunctionsHost({ functionsDir: FIXTURES, env: () => env, logger })
    await answer('/echo', undefined, stopping)
    const from = logger.entries.length
    const looping = answer('/hang/loop', undefined, stopping)
    await until(() => logged('hang', 'looping', from))
    const pids = ['echo', 'hang'].map((name) => stopping.pidOf(name))
    await Promise.all([stopping.stop(), stopping.stop()])
    for (const pid of pids) expect(pid !== undefined && isAlive(pid)).toBe(false)
    expect(await looping).toMatchObject([503, { code: 'SHUTDOWN' }])
    expect(await answer('/echo', undefined, stopping)).toMatchObject([503, { code: 'SHUTDOWN' }])
  })

  it.each(['/echo', '/hang/loop'])('leaves no process of %s behind when it is killed', async (path) => {
    const workDir = await mkdtemp(join(tmpdir(), 'functions-test-'))
    const parent = spawn(process.execPath, [join(FIXTURES, 'host-process.ts'), path, workDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const pid = await pidOfFunction(parent)
      expect(isAlive(pid)).toBe(true)
      parent.kill('SIGKILL')
      await until(() => !isAlive(pid))
      // The watchdog removes the files of the process last.
      await until(async () => (await readdir(workDir)).every((name) => name === 'deno-cache'))
    } finally {
      parent.kill('SIGKILL')
      await rm(workDir, { recursive: true, force: true })
    }
  })

  async function pidOfFunction(parent: ChildProcess): Promise<number> {
    if (parent.stdout === null) throw new Error('no output')
    for await (const line of createInterface({ input: parent.stdout })) {
      const message: unknown = JSON.parse(line)
      const { pid } = Object(message)
      if (typeof pid === 'number') return pid
    }
    throw new Error('the host ended without a function')
  }
})
