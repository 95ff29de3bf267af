/** A stack of a test's own: to be killed, in part or as a whole, and started again on the same data and ports. */

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, inject, vi } from 'vitest'
import type { DatabaseUrls, StackKeys } from '../../stack/types.ts'
import type { PlainStackOptions } from './fault-stack-process.ts'
import { copyPreparedData } from './prepared-data.ts'
import { processesMentioning } from './processes.ts'
import './provided-context.ts'

const PROCESS = fileURLToPath(new URL('fault-stack-process.ts', import.meta.url))
const NOTICE_TIMEOUT_MS = 30_000

/** Addresses and keys stay the same when it is started again. */
export interface OwnStack extends AsyncDisposable {
  readonly url: string
  readonly db: DatabaseUrls
  readonly keys: StackKeys
  /** Starts it again after {@link stop} or {@link kill}. */
  start(): Promise<void>
  /** In order, as by Ctrl-C. */
  stop(): Promise<void>
  /** kill -9 of the process that everything else hangs on. */
  kill(): Promise<void>
  /** kill -9 of the database server's main process; the stack starts it again. */
  killPostgres(): void
  /** Keeps the database from starting again until the returned function is called. */
  takePostgresAway(): Promise<() => void>
  /** kill -9 of a function's process; waits until there is one. */
  killFunction(name: string): Promise<void>
}

interface Address {
  url: string
  db: DatabaseUrls
  keys: StackKeys
}

export async function startOwnStack(
  options: Pick<PlainStackOptions, 'functionsEnv' | 'realtime'> = {},
): Promise<OwnStack> {
  const folder = mkdtempSync(join(tmpdir(), 'claimwire-fault-'))
  const dataDir = join(folder, 'data')
  copyPreparedData(inject('preparedDataDir'), dataDir)
  let child = launch()
  let address: Address
  try {
    address = await begin(child, { ...options, dataDir, ports: { api: 0, db: 0, mail: 0 } })
  } catch (error) {
    await dispose()
    throw error
  }
  const ports = { api: portOf(address.url), db: portOf(address.db.admin) }
  const controlFile = join(dataDir, 'postgres', 'data', 'global', 'pg_control')
  const killPostgres = (): void => killPostmaster(dataDir)

  async function dispose(): Promise<void> {
    await end(child, 'SIGTERM')
    for (const { pid } of processesMentioning(dataDir)) killIfThere(pid)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }

  return {
    ...address,
    start: async () => {
      child = launch()
      const { url, db } = await begin(child, { ...options, dataDir, ports })
      if (url !== address.url || db.admin !== address.db.admin) throw new Error('it has other ports now')
    },
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
    killPostgres,
    takePostgresAway: async () => {
      renameSync(controlFile, `${controlFile}.away`)
      killPostgres()
      // The killed server's connections stay open for a moment and still answer.
      await vi.waitFor(() => expect(processesMentioning(join(dataDir, 'postgres', 'data'))).toEqual([]), {
        timeout: NOTICE_TIMEOUT_MS,
        interval: 20,
      })
      return () => renameSync(`${controlFile}.away`, controlFile)
    },
    killFunction: async (name) => {
      const { pid } = await vi.waitFor(
        () => {
          const found = processesMentioning(join(dataDir, 'functions', name)).find(({ command }) =>
            /\bdeno\b.*\brun\b/.test(command),
          )
          if (found === undefined) throw new Error(`there is no process of ${name}`)
          return found
        },
        { timeout: NOTICE_TIMEOUT_MS, interval: 20 },
      )
      process.kill(pid, 'SIGKILL')
    },
    [Symbol.asyncDispose]: dispose,
  }
}

function launch(): ChildProcess {
  return fork(PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

function begin(child: ChildProcess, options: PlainStackOptions): Promise<Address> {
  return new Promise((resolve, reject) => {
    child.once('message', (address) => resolve(address as Address))
    child.once('exit', (code) => reject(new Error(`the stack ended with ${code} before it ran`)))
    child.send(options)
  })
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await exited
}

function killPostmaster(dataDir: string): void {
  const [pid] = readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')
  process.kill(Number(pid), 'SIGKILL')
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
