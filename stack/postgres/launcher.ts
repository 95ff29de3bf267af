/**
 * The embedded PostgreSQL server: lock, clean up, initdb, start, watch, stop.
 *
 *   lock ─▶ orphans of an earlier run ─▶ cluster ─▶ port ─▶ postmaster + watchdog ─▶ LaunchedServer
 */

import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../functions-shared/app-error.ts'
import type { Logger } from '../types.ts'
import { checkOwner, ensureCluster, pathForServer, setSuperuserPassword } from './data-directory.ts'
import { type DataLock, lockDataDir } from './data-lock.ts'
import { extensionFiles } from './extensions.ts'
import { stopOrphans } from './orphans.ts'
import { freePorts } from './ports.ts'
import { launchPostmaster, type PostgresExit, type Postmaster } from './postmaster.ts'
import { type PostgresRuntime, prepareRuntime } from './runtime.ts'
import { serverArguments } from './settings.ts'
import { chooseServerUser, type ServerUser } from './unprivileged.ts'

export interface LaunchServerOptions {
  /** Folder of the cluster, its lock file and nothing else. Made when missing. */
  dataDir: string
  /** Preferred port; when taken, a warning and the next free one. 0 picks any free port. */
  port: number
  /** Password of the superuser `supabase_admin`, for a new cluster. */
  password: string
  /** False: faster, and nothing survives a crash of the machine. */
  durable: boolean
  /** Removes the cluster first. */
  fresh: boolean
  /** Removes `dataDir` at the end, also after kill -9. */
  ephemeral: boolean
  logger: Logger
}

/** How long processes of a killed server may keep its shared memory, ms. */
const MEMORY_PATIENCE_MS = 10_000

/**
 * Ends the server processes of the cluster in `dataDir` and deletes the cluster; the folder stays.
 * @throws AppError `data_dir_in_use` when another process owns it.
 */
export async function removeCluster(dataDir: string, logger: Logger): Promise<void> {
  const pgData = path.join(path.resolve(dataDir), 'data')
  const lock = lockDataDir(path.resolve(dataDir))
  try {
    await checkOwner(pgData)
    await stopOrphans(pgData, logger)
    await rm(pgData, { recursive: true, force: true })
  } finally {
    lock.release()
  }
}

export class LaunchedServer implements AsyncDisposable {
  readonly #options: LaunchServerOptions
  readonly #runtime: PostgresRuntime
  readonly #user: ServerUser
  readonly #lock: DataLock
  readonly #pgData: string
  readonly #listeners = new Set<(exit: PostgresExit) => void>()
  #port = 0
  #postmaster: Postmaster | null = null
  #stopped: Promise<void> | null = null
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(
    options: LaunchServerOptions,
    parts: { runtime: PostgresRuntime; user: ServerUser; lock: DataLock; pgData: string },
  ) {
    this.#options = options
    this.#runtime = parts.runtime
    this.#user = parts.user
    this.#lock = parts.lock
    this.#pgData = parts.pgData
  }

  static async launch(given: LaunchServerOptions): Promise<LaunchedServer> {
    const options = { ...given, dataDir: path.resolve(given.dataDir) }
    const { dataDir, logger } = options
    const lock = lockDataDir(dataDir)
    try {
      const present = path.join(dataDir, 'data')
      await checkOwner(present)
      await stopOrphans(present, logger)
      if (options.fresh) await rm(present, { recursive: true, force: true })
      const user = await chooseServerUser(present)
      const runtime = await prepareRuntime(user, await extensionFiles())
      const pgData = await ensureCluster(dataDir, runtime, user, options)
      const server = new LaunchedServer(options, { runtime, user, lock, pgData })
      await server.#startOnFreePort()
      return server
    } catch (error) {
      lock.release()
      if (options.ephemeral) await rm(dataDir, { recursive: true, force: true })
      throw error
    }
  }

  get port(): number {
    return this.#port
  }

  get dataDir(): string {
    return this.#options.dataDir
  }

  /** Process id of the postmaster. @throws AppError `database_unavailable` when it is not running. */
  get pid(): number {
    return this.#running().pid
  }

  /** Resolves when the current postmaster ends, by a stop or by a crash. */
  get exited(): Promise<PostgresExit> {
    return this.#running().exited
  }

  /** @param listener called at each end of the server; `requested` is false for a crash. @returns unsubscribe function */
  onExit(listener: (exit: PostgresExit) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Stops the server if it runs, and starts it again on the same port. */
  restart(): Promise<void> {
    return this.#inTurn(() => this.#restart(() => Promise.resolve()))
  }

  /**
   * Sets the password of `supabase_admin` to that of the options, for a cluster with another password. The server is
   * stopped, and single-user mode changes the password without a connection.
   */
  resetPassword(): Promise<void> {
    return this.#inTurn(() =>
      this.#restart(() =>
        setSuperuserPassword(this.#pgData, this.#runtime, this.#user, this.#options.password),
      ),
    )
  }

  /** Ends the server and unlocks the data directory. Safe to call twice, and during a restart. */
  stop(): Promise<void> {
    this.#stopped ??= this.#inTurn(() => this.#stop())
    return this.#stopped
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Runs changes of the server's state one after the other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined) // its caller hears of the failure
    return result
  }

  async #restart(whileStopped: () => Promise<void>): Promise<void> {
    if (this.#stopped !== null) throw new AppError('database_unavailable')
    await this.#postmaster?.stop()
    await stopOrphans(this.#pgData, this.#options.logger)
    await whileStopped()
    if (!(await this.#start(this.#port))) {
      throw new AppError('no_free_port', { details: { preferred: this.#port, host: '127.0.0.1' } })
    }
  }

  async #stop(): Promise<void> {
    try {
      await this.#postmaster?.stop()
      // After SIGKILL the server's children may still be writing.
      await stopOrphans(this.#pgData, this.#options.logger)
      if (this.#options.ephemeral) await rm(this.#options.dataDir, { recursive: true, force: true })
    } finally {
      this.#lock.release()
    }
  }

  #running(): Postmaster {
    if (this.#postmaster === null) throw new AppError('database_unavailable')
    return this.#postmaster
  }

  async #startOnFreePort(): Promise<void> {
    const { port: preferred, logger } = this.#options
    for await (const port of freePorts(preferred)) {
      if (!(await this.#start(port))) continue
      if (preferred !== 0 && port !== preferred) {
        logger.warn('postgres', `Port ${preferred} is taken; the database listens on ${port} instead.`)
      }
      return
    }
  }

  /** @returns false when the port is taken. */
  async #start(port: number): Promise<boolean> {
    const { durable, ephemeral, dataDir, logger } = this.#options
    const deadline = performance.now() + MEMORY_PATIENCE_MS
    for (;;) {
      const outcome = await launchPostmaster({
        program: this.#runtime.postgres,
        args: ['-D', pathForServer(this.#pgData, this.#user), ...serverArguments(port, durable)],
        pgData: this.#pgData,
        spawn: this.#user.spawn,
        removeDir: ephemeral ? dataDir : null,
        logger,
      })
      if (outcome.kind === 'port_taken') return false
      if (outcome.kind === 'running') {
        this.#attend(outcome.postmaster)
        this.#port = port
        return true
      }
      if (outcome.kind === 'failed' || performance.now() > deadline) {
        throw new AppError('postgres_start_failed', { details: { log: outcome.log } })
      }
      await delay(100)
    }
  }

  #attend(postmaster: Postmaster): void {
    this.#postmaster = postmaster
    void postmaster.exited.then((exit) => {
      if (!exit.requested) {
        this.#options.logger.error('postgres', 'The database server ended by itself.', {
          code: exit.code,
          signal: exit.signal,
        })
      }
      for (const listener of this.#listeners) listener(exit)
    })
  }
}
