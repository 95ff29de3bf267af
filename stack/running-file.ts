/** Where a running embedded stack is to be found: `<dataDir>/running.json`, there for as long as it runs. */

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord, textAt } from '../functions-shared/unknown.ts'

const RUNNING_FILE = 'running.json'

export interface RunningStack {
  /** Gateway, e.g. `http://127.0.0.1:54321`. */
  url: string
  /** The database as role `postgres`, with its password. */
  dbUrl: string
  /** Process that runs the stack. */
  pid: number
}

/** Readable by its owner only, as it holds a password. */
export async function writeRunningFile(dataDir: string, running: RunningStack): Promise<void> {
  await writeFile(join(dataDir, RUNNING_FILE), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 })
}

export async function removeRunningFile(dataDir: string): Promise<void> {
  await rm(join(dataDir, RUNNING_FILE), { force: true })
}

/** Undefined where no stack runs on this folder; what a killed one has left behind does not count. */
export async function readRunningFile(dataDir: string): Promise<RunningStack | undefined> {
  const text = await readFile(join(dataDir, RUNNING_FILE), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const running = parse(text)
  return running !== undefined && isAlive(running.pid) ? running : undefined
}

function parse(text: string): RunningStack | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isRecord(value)) return undefined
    const url = textAt(value, 'url')
    const dbUrl = textAt(value, 'dbUrl')
    return url !== undefined && dbUrl !== undefined && typeof value.pid === 'number'
      ? { url, dbUrl, pid: value.pid }
      : undefined
  } catch (error) {
    // Cut short by a kill: as good as none.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process: alive.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
