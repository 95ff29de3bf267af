/**
 * Ends servers that outlived the process that started them. The system reuses process ids, so a process counts as a
 * server of this cluster only if it is a `postgres` whose working directory is the data directory.
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AppError } from '../../functions-shared/app-error.ts'
import type { Logger } from '../types.ts'

const run = promisify(execFile)

/** Milliseconds that a process has to end after a signal, before the next, harder signal. */
const PATIENCE_MS = 5_000
const POLL_MS = 20

/**
 * Ends every server process that still works on this data directory and removes a stale `postmaster.pid`.
 * The caller holds the directory's lock.
 * @param pgData absolute path of the cluster.
 */
export async function stopOrphans(pgData: string, logger: Logger): Promise<void> {
  const pidFile = path.join(pgData, 'postmaster.pid')
  const postmaster = await readPid(pidFile)
  let left = await serverProcesses(pgData, postmaster)
  if (left.length > 0) {
    logger.warn('postgres', 'Processes of an earlier server are still on this data; ending them.', {
      pids: left,
    })
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      const target = postmaster !== null && left.includes(postmaster) ? [postmaster] : left
      for (const pid of signal === 'SIGKILL' ? left : target) sendSignal(pid, signal)
      left = await waitForEnd(pgData, postmaster)
      if (left.length === 0) break
    }
    if (left.length > 0) {
      throw new AppError('data_dir_in_use', { details: { dataDir: pgData, pids: left } })
    }
  }
  // The process that wrote the file has ended, and its pid may belong to another process by now.
  await rm(pidFile, { force: true })
}

async function waitForEnd(pgData: string, postmaster: number | null): Promise<number[]> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const left = await serverProcesses(pgData, postmaster)
    if (left.length === 0 || performance.now() > deadline) return left
    await delay(POLL_MS)
  }
}

async function readPid(pidFile: string): Promise<number | null> {
  const text = await readFile(pidFile, 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return Number.isInteger(pid) && pid > 1 ? pid : null
}

/** The server's processes on this data directory: all of them on Linux, the postmaster elsewhere. */
async function serverProcesses(pgData: string, postmaster: number | null): Promise<number[]> {
  if (process.platform === 'linux') {
    const folder = await realpath(pgData).catch(() => pgData)
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
    const ours = await Promise.all(pids.map((pid) => isServerIn(pid, folder)))
    return pids.filter((_, index) => ours[index])
  }
  if (postmaster === null || !isAlive(postmaster)) return []
  const { stdout } = await run('ps', ['-o', 'command=', '-p', String(postmaster)]).catch(() => ({
    stdout: '',
  }))
  return stdout.includes('postgres') && stdout.includes(pgData) ? [postmaster] : []
}

async function isServerIn(pid: number, folder: string): Promise<boolean> {
  try {
    const [cwd, program] = await Promise.all([readlink(`/proc/${pid}/cwd`), readlink(`/proc/${pid}/exe`)])
    return cwd === folder && path.basename(program).startsWith('postgres')
  } catch {
    return false // ended meanwhile, or another user's: then it cannot be on our directory
  }
}

/** False also for a zombie: a process that has ended and whose parent has not read its exit code. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return process.platform !== 'linux' || !isZombie(pid)
}

function isZombie(pid: number): boolean {
  try {
    // The state follows the program's name, which stands in parentheses and may hold any character.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return true // ended meanwhile
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
