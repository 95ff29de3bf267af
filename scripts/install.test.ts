import { type ChildProcess, spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/**
 * Stands in for npm: says that it began, waits for the file `go`, installs what the lock file names. Called as
 * `npm-cli.js ci ...`, in the folder to install in.
 */
const FAKE_NPM = `
  const fs = require('node:fs')
  fs.appendFileSync('log', 'begin ' + process.pid + '\\n')
  if (fs.existsSync('fail')) process.exit(7)
  const timer = setInterval(() => {
    if (!fs.existsSync('go')) return
    clearInterval(timer)
    fs.mkdirSync('node_modules', { recursive: true })
    fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json')
    fs.appendFileSync('log', 'end ' + process.pid + '\\n')
  }, 10)
`
const INSTALL = new URL('install.mjs', import.meta.url)

let root: string
const children: ChildProcess[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'claimwire-install-'))
  writeFileSync(join(root, 'npm-cli.js'), FAKE_NPM)
  writeLock({ tool: '1.0.0' })
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const pid of started()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended
    }
  }
  rmSync(root, { recursive: true, force: true })
})

function writeLock(packages: Record<string, string>): void {
  const entries = Object.entries(packages).map(([name, version]) => [`node_modules/${name}`, { version }])
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ packages: { '': {}, ...Object.fromEntries(entries) } }),
  )
}

const log = () => (existsSync(join(root, 'log')) ? readFileSync(join(root, 'log'), 'utf8') : '')
const began = () => [...log().matchAll(/^begin/gm)].length
const started = () => [...log().matchAll(/^begin (\d+)/gm)].map(([, pid]) => Number(pid))
const go = () => writeFileSync(join(root, 'go'), '')
const lockFile = () => join(root, '.stack', 'install.lock')

interface Ensuring {
  child: ChildProcess
  said: () => string
  exited: Promise<unknown>
  /** Resolves after npm has ended, too, because npm writes to the same pipes. */
  ended: Promise<{ code: number | null; said: string }>
}

function ensure(): Ensuring {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', `await (await import('${INSTALL.href}')).ensureInstalled('${root}')`],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, npm_execpath: join(root, 'npm-cli.js') } },
  )
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  }
  return {
    child,
    said: () => said,
    exited: new Promise((resolve) => child.on('exit', resolve)),
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, said }))),
  }
}

test('installs what is missing, and again after the lock file changed, and not otherwise', async () => {
  go()
  expect((await ensure().ended).code).toBe(0)
  expect(await ensure().ended).toEqual({ code: 0, said: '' })
  expect(began()).toBe(1)
  writeLock({ tool: '1.0.1' })
  expect((await ensure().ended).code).toBe(0)
  expect(began()).toBe(2)
})

test('of many processes one installs, and the others wait for it', async () => {
  const runs = Array.from({ length: 5 }, ensure)
  await vi.waitFor(() => expect(began()).toBe(1))
  go()
  expect((await Promise.all(runs.map(({ ended }) => ended))).map(({ code }) => code)).toEqual(
    Array(5).fill(0),
  )
  expect(began()).toBe(1)
  expect(existsSync(lockFile())).toBe(false)
})

test('the npm of a killed process goes on, and the next process waits for its end', async () => {
  const killed = ensure()
  await vi.waitFor(() => expect(began()).toBe(1))
  await vi.waitFor(() => expect(readFileSync(lockFile(), 'utf8').split('\n')).toHaveLength(2))
  killed.child.kill('SIGKILL')
  await killed.exited
  const next = ensure()
  await vi.waitFor(() => expect(next.said()).toContain('Waiting for process'))
  go()
  expect([(await next.ended).code, began()]).toEqual([0, 1])
})

test.each([
  ['of a process that has ended', '999999999'],
  ['without process ids', ''],
  ['of nonsense', 'x\ny'],
])('a lock %s does not last', async (_name, content) => {
  mkdirSync(join(root, '.stack'))
  writeFileSync(lockFile(), content)
  go()
  expect((await ensure().ended).code).toBe(0)
  expect(began()).toBe(1)
})

test('an install that was cut short is repeated', async () => {
  mkdirSync(join(root, 'node_modules'))
  appendFileSync(join(root, 'node_modules', '.package-lock.json'), '{"packages": {"node_mod')
  go()
  expect((await ensure().ended).code).toBe(0)
  expect(began()).toBe(1)
})

test('a signal ends npm too, and the failure is reported', async () => {
  const run = ensure()
  await vi.waitFor(() => expect(began()).toBe(1))
  run.child.kill('SIGTERM')
  const { code, said } = await run.ended
  expect(code).toBe(1)
  expect(said).toContain('npm ci failed (SIGTERM)')
  expect(existsSync(lockFile())).toBe(false)
})

test('a failure of npm is reported, with its exit code', async () => {
  writeFileSync(join(root, 'fail'), '')
  const { code, said } = await ensure().ended
  expect(code).toBe(1)
  expect(said).toContain('npm ci failed (exit code 7)')
})
