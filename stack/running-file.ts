/** Address of a running embedded stack: `<dataDir>/running.json`, which exists for as long as the stack runs. */

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { errorCode } from './database-errors.ts'

const RUNNING_FILE = 'running.json'

const RunningFile = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    /** Gateway, e.g. `http://127.0.0.1:54321`. */
    url: v.pipe(v.string(), v.nonEmpty()),
    /** The database as role `postgres`, with its password. */
    dbUrl: v.pipe(v.string(), v.nonEmpty()),
    /** Process that runs the stack. */
    pid: v.number(),
  }),
)

export type RunningStack = v.InferOutput<typeof RunningFile>

/** Readable by its owner only, because it contains a password. */
export async function writeRunningFile(dataDir: string, running: RunningStack): Promise<void> {
  await writeFile(join(dataDir, RUNNING_FILE), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 })
}

export async function removeRunningFile(dataDir: string): Promise<void> {
  await rm(join(dataDir, RUNNING_FILE), { force: true })
}

/** Undefined where no stack runs on this folder. The file of a stack that was killed does not count. */
export async function readRunningFile(dataDir: string): Promise<RunningStack | undefined> {
  const text = await readFile(join(dataDir, RUNNING_FILE), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
  // A text that is no JSON was cut short when its writer was killed.
  const { success, output } = v.safeParse(RunningFile, text)
  return success && isAlive(output.pid) ? output : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // The process of another user is alive, but may not be signalled.
    return errorCode(error) === 'EPERM'
  }
}
