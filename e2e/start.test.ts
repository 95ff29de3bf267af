import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type ProcessEntry, processesMentioning } from './support/processes.ts'

const START = fileURLToPath(new URL('../scripts/start.ts', import.meta.url))
const FREE_PORTS = ['--api-port', '0', '--db-port', '0', '--mail-port', '0', '--dashboard-port', '0']
const READY = 'Ctrl-C stops everything'

let scratch: string
const children: ChildProcess[] = []

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'claimwire-start-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const { pid } of processesMentioning(scratch)) process.kill(pid, 'SIGKILL')
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
})

interface Run {
  child: ChildProcess
  lines: string[]
  exited: Promise<number | null>
}

function start(...args: string[]): Run {
  const child = spawn(process.execPath, [START, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, NO_COLOR: '1', TMPDIR: scratch },
  })
  children.push(child)
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line))
  }
  return { child, lines, exited: new Promise((resolve) => child.on('close', resolve)) }
}

const ready = (run: Run): Promise<void> => said(run, READY)

function said(run: Run, text: string): Promise<void> {
  return vi.waitFor(
    () => {
      if (run.child.exitCode !== null) throw new Error(`exited early:\n${run.lines.join('\n')}`)
      expect(run.lines.join('\n')).toContain(text)
    },
    { timeout: 90_000, interval: 50 },
  )
}

test('--check runs a claim end to end and says so in one line of JSON', async () => {
  const run = start('--check')
  expect(await run.exited, run.lines.join('\n')).toBe(0)
  const result: unknown = JSON.parse(run.lines.at(-1) ?? '')
  expect(result).toMatchObject({ ok: true, lost: 0, duplicates: 0 })
  const { messages } = result as { messages: string[] }
  const count = (type: string) => messages.filter((message) => message === type).length
  expect(count('image_processing_started')).toBe(3)
  expect(count('image_processed')).toBe(2)
  expect(count('image_processing_failed')).toBe(1)
  expect(count('transcription_complete')).toBe(1)
  expect(count('transcription_progress')).toBeGreaterThan(2)
  const ofJobs = messages.filter((message) => message !== 'realtime_update')
  expect(['image_processing_started', 'transcription_queued']).toContain(ofJobs[0])
  expect(count('pdf_generated')).toBe(1)
  expect(processesMentioning(scratch)).toEqual([])
})

test('Ctrl-C ends every process', async () => {
  const run = start(...FREE_PORTS, '--data-dir', join(scratch, 'data'))
  await ready(run)
  expect(processesMentioning(scratch).length).toBeGreaterThan(0)
  run.child.kill('SIGINT')
  expect(await run.exited).toBe(0)
  expect(processesMentioning(scratch)).toEqual([])
})

test('Ctrl-C while the database is being made is no failure, and leaves nothing half made', async () => {
  const dataDir = join(scratch, 'data')
  const run = start(...FREE_PORTS, '--data-dir', dataDir)
  const initdb = await vi.waitFor(
    () => {
      const found = processesMentioning(scratch).filter(({ command }) => command.includes('/initdb '))
      expect(found).not.toEqual([])
      return found
    },
    { timeout: 30_000, interval: 5 },
  )
  // A terminal sends it to all of them.
  run.child.kill('SIGINT')
  for (const { pid } of initdb) process.kill(pid, 'SIGINT')
  expect(await run.exited, run.lines.join('\n')).toBe(0)
  expect(run.lines).toEqual(['Stopping ...'])
  expect(processesMentioning(scratch)).toEqual([])
  expect(readdirSync(join(dataDir, 'postgres'))).not.toContain('data.new')
})

test('Ctrl-C does not wait for the sample claim', async () => {
  const run = start(...FREE_PORTS, '--data-dir', join(scratch, 'data'))
  await said(run, 'image_processing_started')
  run.child.kill('SIGINT')
  expect(await run.exited).toBe(0)
  expect(run.lines.join('\n')).not.toContain(READY)
  expect(processesMentioning(scratch)).toEqual([])
})

test('an interrupted --check says so and leaves neither processes nor files', async () => {
  const run = start('--check')
  await said(run, 'image_processing_started')
  run.child.kill('SIGINT')
  expect(await run.exited).toBe(1)
  expect(JSON.parse(run.lines.at(-1) ?? '')).toEqual({ ok: false, reason: 'interrupted' })
  expect(processesMentioning(scratch)).toEqual([])
  expect(readdirSync(scratch)).toEqual([])
})

test('after kill -9 a new start on the same data works and leaves nothing of the old one running', async () => {
  const dataDir = join(scratch, 'data')
  const first = start(...FREE_PORTS, '--data-dir', dataDir)
  await ready(first)
  const before = processesMentioning(scratch)
  first.child.kill('SIGKILL')
  await first.exited

  const second = start(...FREE_PORTS, '--data-dir', dataDir)
  await ready(second)
  const survivors = (entries: ProcessEntry[]) =>
    entries.filter(({ pid }) => before.some((old) => old.pid === pid))
  expect(survivors(processesMentioning(scratch))).toEqual([])
  // The first run's claim is still there: its notifications are numbered before the second's.
  expect(second.lines.some((line) => /#\d{2,}|#[7-9]/.test(line))).toBe(true)
  second.child.kill('SIGTERM')
  expect(await second.exited).toBe(0)
  expect(processesMentioning(scratch)).toEqual([])
})

test('a port that is taken gives a clear message and the next free one', async () => {
  const blocker = createServer()
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
  const address = blocker.address()
  const taken = typeof address === 'object' && address !== null ? address.port : 0
  try {
    const run = start(
      ...['--api-port', String(taken), '--db-port', '0', '--mail-port', '0', '--dashboard-port', '0'],
      ...['--data-dir', join(scratch, 'data'), '--no-sample'],
    )
    await ready(run)
    expect(run.lines.find((line) => line.includes(`${taken}`) && line.includes('taken'))).toBeDefined()
    run.child.kill('SIGTERM')
    expect(await run.exited).toBe(0)
  } finally {
    blocker.close()
  }
})
