/** What operators run in the terminal, against the whole stack: `npm run doctor`, `npm run listen` and `npm run staff`. */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { describe, expect, inject, test } from 'vitest'
import { run } from '../scripts/process.ts'
import { withClient } from '../stack/postgres/index.ts'
import { newClient, newUser, PASSWORD } from './support/claims.ts'

const { url, db, keys } = inject('stack')

const ENVIRONMENT = {
  SUPABASE_PUBLISHABLE_KEY: keys.publishableKey,
  SUPABASE_SECRET_KEY: keys.secretKey,
  TYPEFORM_WEBHOOK_SECRET: keys.typeformSecret,
}

interface Check {
  name: string
  verdict: string
  remedy?: string
}

async function doctor(env: Record<string, string>, at = url): Promise<{ code: number; checks: Check[] }> {
  const { code, output } = await run(process.execPath, ['scripts/doctor.ts', '--json', '--url', at], { env })
  const checks = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Check => JSON.parse(line))
  return { code, checks }
}

/** Without the queue: other tests leave jobs in it whose workers are gone, and `doctor/judge.test.ts` judges those. */
const failed = (checks: readonly Check[]): Check[] =>
  checks.filter(({ name, verdict }) => verdict === 'failed' && name !== 'queue')

describe('the doctor', () => {
  test('finds a running stack well, and deletes the user that it made', async () => {
    const { code, checks } = await doctor(ENVIRONMENT)
    expect(failed(checks)).toEqual([])
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['queue', 'round trip']))
    expect(code).toBe(checks.some(({ verdict }) => verdict === 'failed') ? 1 : 0)
    const { data } = await newClient('secretKey').auth.admin.listUsers({ perPage: 1000 })
    expect(data.users.filter(({ email }) => email?.startsWith('doctor-'))).toEqual([])
  })

  test('prints failed checks with their remedies, and exits with 1', async () => {
    const { code, checks } = await doctor({ ...ENVIRONMENT, TYPEFORM_WEBHOOK_SECRET: 'another' })
    expect(failed(checks)).toEqual([
      expect.objectContaining({ name: 'webhook secret', remedy: expect.any(String) }),
    ])
    expect(code).toBe(1)
  })

  test.each([
    ['nobody', 'no answer'],
    ['somebody else', 'is no Supabase project'],
  ])('says that %s is at the address, and looks no further', async (who, found) => {
    const server = createServer((_request, response) => response.end('<!doctype html>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    const elsewhere = `http://127.0.0.1:${address.port}`
    if (who === 'nobody') await new Promise((resolve) => server.close(resolve))
    try {
      const { code, checks } = await doctor(ENVIRONMENT, elsewhere)
      expect(checks).toEqual([
        expect.objectContaining({ name: 'API', verdict: 'failed', found: expect.stringContaining(found) }),
      ])
      expect(code).toBe(1)
    } finally {
      server.close()
    }
  })

  test('skips only the checks that need the secret key when it has none', async () => {
    const { SUPABASE_PUBLISHABLE_KEY } = ENVIRONMENT
    const { code, checks } = await doctor({ SUPABASE_PUBLISHABLE_KEY })
    expect(checks.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['API', 'ok'],
      ['publishable key', 'ok'],
      ['e-mail confirmation', 'ok'],
      // The stack of the tests lets public channels through.
      ['public broadcasts', 'warning'],
      ['database, functions, round trip', 'skipped'],
      ['webhook secret', 'skipped'],
    ])
    expect(code).toBe(0)
  })
})

interface Line {
  type: string
  new?: string
  seq?: number
  replayed?: boolean
}

/** `npm run listen -- --json`; what it prints, line by line. */
function listen(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, ['scripts/listen.ts', '--json', '--url', url, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const next = async (wanted: (line: Line) => boolean): Promise<Line> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error('listen ended')
      const line: Line = JSON.parse(value)
      if (wanted(line)) return line
    }
  }
  return {
    live: () => next(({ type, new: state }) => type === 'state' && state === 'live'),
    message: () => next(({ seq }) => seq !== undefined),
    /** @returns the exit code. */
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** One durable notification more. */
async function fail(userId: string): Promise<void> {
  await withClient(db.postgres, async (client) => {
    const { rows } = await client.query(
      `insert into public.jobs (kind, user_id, subject_id, next_attempt_at) values ('image', $1, $2, 'infinity') returning id`,
      [userId, randomUUID()],
    )
    await client.query(`update public.jobs set status = 'failed' where id = $1`, [rows[0]?.id])
  })
}

describe('listening in the terminal', () => {
  test('as an operator prints missed and then new messages, without counting as a device', async () => {
    const user = await newUser()
    await fail(user.id)
    await using listener = listen(['--user', user.email, '--since', '0'], ENVIRONMENT)
    expect(await listener.message()).toMatchObject({
      type: 'image_processing_failed',
      seq: 1,
      replayed: true,
    })
    await listener.live()
    await fail(user.id)
    expect(await listener.message()).toMatchObject({
      type: 'image_processing_failed',
      seq: 2,
      replayed: false,
    })
    await withClient(db.postgres, async (client) => {
      const { rows } = await client.query('select from private.devices where user_id = $1', [user.id])
      expect(rows).toEqual([])
    })
  })

  test('as the user, with the password', async () => {
    const user = await newUser()
    const { SUPABASE_PUBLISHABLE_KEY } = ENVIRONMENT
    await using listener = listen(['--user', user.email], {
      SUPABASE_PUBLISHABLE_KEY,
      CLAIMWIRE_PASSWORD: PASSWORD,
    })
    await listener.live()
    await fail(user.id)
    expect(await listener.message()).toMatchObject({ type: 'image_processing_failed', seq: 1 })
  })

  test.each([
    ['an unknown user', ['--user', 'nobody@example.test'], ENVIRONMENT, /There is no user/],
    ['no user', [], ENVIRONMENT, /Name a user/],
    ['no key at all', ['--user', 'a@example.test'], {}, /SUPABASE_PUBLISHABLE_KEY/],
  ])('%s is an error of usage', async (_what, args, env, message) => {
    const { code, output } = await run(process.execPath, ['scripts/listen.ts', '--url', url, ...args], {
      env,
    })
    expect(output).toMatch(message)
    expect(code).toBe(2)
  })
})

describe('a command called wrongly', () => {
  test.each([
    ['conformance.ts', ['--no-such'], "Unknown option '--no-such'"],
    ['conformance.ts', ['--only', 'no such recording'], 'No recording in '],
    ['conformance.ts', ['--jobs', 'many'], '--jobs takes a whole number from 1 on'],
    ['conformance.ts', ['--dir', '/no/such/folder'], '/no/such/folder/setup.sql cannot be read'],
    ['conformance.ts', ['--url', 'http://127.0.0.1:1'], '--url needs --key'],
    ['example.ts', ['vue'], 'Which example?'],
    ['example.ts', ['react', '--url', 'nowhere', '--key', 'x'], '"nowhere" is not the address of a project.'],
    [
      'example.ts',
      ['react', '--url', 'http://127.0.0.1:1', '--key', 'x', '--port', '70000'],
      'is not a port',
    ],
    ['doctor.ts', ['--url'], "'--url <value>' argument missing"],
    ['start.ts', ['--api-port', 'x'], '"x" is not a port'],
  ])('%s %j says what is wrong and how it is called, and ends with 2', async (script, args, message) => {
    const { code, output } = await run(process.execPath, [`scripts/${script}`, ...args])
    expect(output).toContain(message)
    expect(output).toContain('--help')
    expect(output).not.toMatch(/^ {4}at /m)
    expect(code).toBe(2)
  })
})

describe('postgres_changes', () => {
  test('tell of a status row only to users who may see the row', async () => {
    const [owner, stranger] = await Promise.all([newUser(), newUser()])
    const heard = { owner: [] as unknown[], stranger: [] as unknown[] }
    for (const [name, { client }] of [['owner', owner] as const, ['stranger', stranger] as const]) {
      await client.realtime.setAuth()
      await new Promise<void>((resolve) => {
        client
          .channel('status-rows')
          .on('postgres_changes', { event: 'UPDATE', schema: 'public', table: 'jobs' }, ({ new: row }) => {
            heard[name].push(Reflect.get(row, 'status'))
          })
          .on('system', {}, ({ extension, status }: { extension: string; status: string }) => {
            if (extension === 'postgres_changes' && status === 'ok') resolve()
          })
          .subscribe()
      })
    }
    await fail(owner.id)
    await expect.poll(() => heard.owner).toEqual(['failed'])
    await fail(stranger.id)
    await expect.poll(() => heard.stranger).toEqual(['failed'])
    expect(heard.owner).toEqual(['failed'])
    await Promise.all([owner.client.removeAllChannels(), stranger.client.removeAllChannels()])
  })
})

describe('staff', () => {
  const staff = (...flags: string[]) =>
    run(process.execPath, ['scripts/staff.ts', ...flags], { env: ENVIRONMENT })

  test('appoints an admin by the secret key, and gives another role by the database', async () => {
    const user = await newUser()
    const roles = async () => (await user.client.from('staff').select('role').eq('user_id', user.id)).data
    const appointed = await staff('--url', url, '--email', user.email, '--role', 'admin')
    expect(appointed).toMatchObject({ code: 0, output: expect.stringContaining('is on the staff as admin') })
    expect(await roles()).toEqual([{ role: 'admin' }])
    expect((await staff('--db-url', db.postgres, '--email', user.email)).code).toBe(0)
    expect(await roles()).toEqual([{ role: 'handler' }])
  })

  test('says what is wrong with an address, and that an unknown one is invited', async () => {
    const refused = await staff('--url', url, '--email', 'nobody')
    expect(refused).toMatchObject({ code: 2, output: expect.stringContaining('email_invalid') })
    const invited = await staff('--url', url, '--email', `${randomUUID()}@example.test`)
    expect(invited).toMatchObject({ code: 0, output: expect.stringContaining('invited as handler') })
  })
})
