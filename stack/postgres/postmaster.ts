/**
 * One run of the server process, from spawn to exit.
 *
 *   spawn ──"ready to accept connections"──▶ running ──stop()──▶ SIGINT ─5 s▶ SIGQUIT ─5 s▶ SIGKILL ──▶ exited
 *     └─ exit before that: port taken, memory of a killed server still in use, or another failure
 */

import { type ChildProcess, spawn } from 'node:child_process'
import type { Logger } from '../types.ts'
import { SERVER_ENV } from './data-directory.ts'
import { followServerLog } from './server-log.ts'
import { startWatchdog } from './watchdog.ts'

export interface PostgresExit {
  code: number | null
  signal: NodeJS.Signals | null
  /** True when `stop()` or `restart()` asked for it. */
  requested: boolean
}

export type StartOutcome =
  | { kind: 'running'; postmaster: Postmaster }
  /** Another process has bound the port. */
  | { kind: 'port_taken' }
  /** Processes of a killed server are still ending. */
  | { kind: 'still_in_use'; log: string }
  | { kind: 'failed'; exit: PostgresExit; log: string }

const READY = /database system is ready to accept connections/
const PORT_TAKEN = /could not bind IPv4 address|could not create any TCP\/IP sockets/
const STILL_IN_USE = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/
const PATIENCE_MS = 5_000

export class Postmaster {
  readonly pid: number
  readonly exited: Promise<PostgresExit>
  readonly #child: ChildProcess
  #requested = false

  constructor(child: ChildProcess, pid: number) {
    this.#child = child
    this.pid = pid
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal, requested: this.#requested }))
    })
  }

  /** Ends the server; safe to call twice. Open transactions are rolled back. */
  async stop(): Promise<PostgresExit> {
    this.#requested = true
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      this.#child.kill(signal)
      if (await settlesWithin(this.exited, PATIENCE_MS)) break
    }
    return this.exited
  }
}

export interface LaunchOptions {
  program: string
  args: readonly string[]
  /** Absolute path of the cluster: the server's working directory from the start. */
  pgData: string
  spawn: { uid?: number; gid?: number }
  /** A temporary folder for the watchdog to remove, should this process end first. */
  removeDir: string | null
  logger: Logger
}

/** Resolves when the server accepts connections or has ended. */
export async function launchPostmaster(options: LaunchOptions): Promise<StartOutcome> {
  const child = spawn(options.program, options.args, {
    cwd: options.pgData,
    env: SERVER_ENV,
    // Its own session: Ctrl-C in the terminal is for Node, which then stops the server in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...options.spawn,
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  if (child.pid === undefined || child.stderr === null) throw new Error('The server process has no pid.')
  const postmaster = new Postmaster(child, child.pid)
  const watchdog = startWatchdog(child.pid, options.removeDir)
  void postmaster.exited.then(() => watchdog.dismiss())
  const { stderr } = child
  let tail = () => ''
  const ready = new Promise<'ready'>((resolve) => {
    const log = followServerLog(stderr, options.logger, (line) => {
      if (READY.test(line)) resolve('ready')
    })
    tail = log.tail
  })
  // 'close' comes after the last line of the log has been read.
  const closed = new Promise<'closed'>((resolve) => child.once('close', () => resolve('closed')))
  if ((await Promise.race([ready, closed])) === 'ready') return { kind: 'running', postmaster }
  const log = tail()
  if (PORT_TAKEN.test(log)) return { kind: 'port_taken' }
  if (STILL_IN_USE.test(log)) return { kind: 'still_in_use', log }
  return { kind: 'failed', exit: await postmaster.exited, log }
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: timedOut, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(() => resolve(false), ms)
  try {
    return await Promise.race([promise.then(() => true), timedOut])
  } finally {
    clearTimeout(timer)
  }
}
