/**
 * `npm run new:kind` writes a kind of job that works as it is. Tried in a copy of the repository, which is thrown away:
 * checks of the new files, and one job from its insertion to the message that a client hears.
 */

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT, run } from '../scripts/process.ts'

const LONG = process.env.CLAIMWIRE_LONG !== undefined
const NAME = 'kind-of-a-test'
const KIND = 'kind_of_a_test'
const TIMEOUT_MS = 600_000

const copy = mkdtempSync(join(tmpdir(), 'claimwire-copy-'))
let written: string[]

beforeAll(async () => {
  for (const path of filesOf(ROOT)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(join(ROOT, path), join(copy, path))
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  // Checks ask git which files there are.
  git('init', '--quiet')
  git('add', '--all')
  const { code, output } = await inCopy(process.execPath, 'scripts/new-kind.ts', NAME)
  expect({ code, output }).toMatchObject({ code: 0 })
  git('add', '--all', '--intent-to-add')
  written = git('diff', '--name-only').split('\n').filter(Boolean)
}, TIMEOUT_MS)
afterAll(() => rmSync(copy, { recursive: true, force: true }))

test('a kind is a definition, a row and a folder; the rest is generated, or text', () => {
  expect(written.map((path) => path.replace(/\d{14}/, '<time>'))).toEqual([
    'docs/asyncapi.yaml',
    'docs/edge-functions.md',
    'docs/messages.md',
    'functions-shared/kinds/index.ts',
    `functions-shared/kinds/${NAME}.ts`,
    'functions-shared/message-types.ts',
    'functions-shared/message-words.ts',
    'supabase/config.toml',
    `supabase/functions/${NAME}/deno.json`,
    `supabase/functions/${NAME}/index.ts`,
    `supabase/functions/${NAME}/work.ts`,
    `supabase/functions/${NAME}/work_test.ts`,
    `supabase/migrations/<time>_kind_${KIND}.sql`,
  ])
})

test('the same name again is refused, and nothing changes', async () => {
  const before = written.map((path) => readFileSync(join(copy, path), 'utf8'))
  const { code, output } = await inCopy(process.execPath, 'scripts/new-kind.ts', NAME)
  expect({ code, output }).toMatchObject({ code: 2, output: expect.stringContaining('already') })
  expect(git('diff', '--name-only').split('\n').filter(Boolean)).toEqual(written)
  expect(written.map((path) => readFileSync(join(copy, path), 'utf8'))).toEqual(before)
})

const denoFlags = [
  '--quiet',
  '--node-modules-dir=manual',
  '--no-lock',
  '--config',
  join('supabase', 'functions', NAME, 'deno.json'),
]
const folder = join('supabase', 'functions', NAME)

/**
 * Parts of `npm run check` and `npm test` that read the new files. The long run has all checks, and the tests that need a
 * database.
 */
const checks: [name: string, command: string, ...args: string[]][] = [
  [
    'format and lint',
    'biome',
    'ci',
    '--error-on-warnings',
    '--colors=off',
    'functions-shared',
    folder,
    'docs',
  ],
  ['types of the web code', 'tsc', '-p', 'web'],
  ['types of the function', 'deno', 'check', ...denoFlags, folder],
  [
    'the tests of the function',
    'deno',
    'test',
    '--no-check',
    ...denoFlags,
    '--allow-read=.',
    '--allow-env',
    folder,
  ],
  [
    'tests of messages, docs and functions',
    'vitest',
    'run',
    '--project',
    'unit',
    'scripts/messages',
    'scripts/docs.test.ts',
    'supabase/tests/functions-config',
  ],
]
if (LONG) {
  checks.push(
    ['all checks', process.execPath, 'scripts/check.ts'],
    ['the test of the row', 'vitest', 'run', '--project', 'database', 'supabase/tests/job-kinds'],
  )
}

test.each(checks)(
  'the new files pass: %s',
  async (_name, command, ...args) => {
    const { code, output } = await inCopy(
      command === process.execPath ? command : join(copy, 'node_modules', '.bin', command),
      ...args,
    )
    expect(code, output).toBe(0)
  },
  TIMEOUT_MS,
)

test(
  'a job of the new kind is done, and a client hears of its start and its end',
  async () => {
    const { code, output } = await inCopy(process.execPath, 'e2e/support/job-run.ts', KIND)
    expect(code, output).toBe(0)
    const { jobId, job, heard } = JSON.parse(output.trim().split('\n').at(-1) ?? '')
    expect(job).toEqual({ status: 'completed', progress: 100, result: { summary: expect.any(String) } })
    const durable = heard.filter(({ seq }: { seq?: number }) => seq !== undefined)
    expect(durable).toMatchObject([
      { type: `${KIND}_started`, seq: 1, jobId, status: 'processing' },
      { type: `${KIND}_completed`, seq: 2, jobId, status: 'completed', summary: job.result.summary },
    ])
  },
  TIMEOUT_MS,
)

/** Files that git knows or would add; deleted ones are left out. */
function filesOf(root: string): string[] {
  const list = (...args: string[]) =>
    execFileSync('git', ['ls-files', '-z', ...args], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter(Boolean)
  const deleted = new Set(list('--deleted'))
  return list('--cached', '--others', '--exclude-standard').filter((path) => !deleted.has(path))
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: copy, encoding: 'utf8' })
}

function inCopy(command: string, ...args: string[]): Promise<{ code: number; output: string }> {
  return run(command, args, { cwd: copy, env: { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' } })
}
