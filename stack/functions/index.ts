/**
 * Edge Functions of the embedded stack: serves `supabase/functions` on `/functions/v1/<name>`, one sandboxed Deno process per
 * function, started by the first request. The function sees the path `/<name>/…`, as on hosted Supabase.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { HttpService, Logger, Stoppable } from '../types.ts'
import { denoBinary } from './deno-binary.ts'
import { FunctionProcesses } from './processes.ts'
import { createRoutes } from './routes.ts'

export { endWorker } from './end-worker.ts'
export { supabaseEnvironment } from './environment.ts'

export interface FunctionsHostOptions {
  /** `supabase/functions`. */
  functionsDir: string
  /** Further folders that functions import from, beside `_shared`. Default none. */
  sharedDirs?: readonly string[]
  /** Environment of every function; asked for at each start of a process. Nothing else is visible to it. */
  env: () => Readonly<Record<string, string>>
  logger: Logger
  /** `host:port` functions may not connect to, e.g. the database; `127.0.0.1` stands for every name of this machine. */
  denyNet?: readonly string[]
  /** Wall-clock limit of one request, ms. Default 150000. */
  timeoutMs?: number
  /** Milliseconds a process may take until it serves. Default 30000. */
  bootTimeoutMs?: number
  /** MiB of JavaScript heap of one process. Default 256. */
  heapMb?: number
  /**
   * MiB of the whole process, outside of the JavaScript heap too (WebAssembly, buffers, Deno itself). A process beyond it is
   * ended, and its requests are answered 546. Not on Windows. Default 512.
   */
  memoryMb?: number
  /** Called when a process has ended for want of memory, with its `SB_EXECUTION_ID`. Jobs that it claimed can be queued again. */
  onOutOfMemory?: (workerId: string) => Promise<void>
  /** Milliseconds between looks for changed sources; 0 looks at every request. Default 1000. */
  reloadCheckMs?: number
  /** Folder for Deno's cache and the processes' temporary files. Default: one of the system's, removed at stop. */
  workDir?: string
}

export interface FunctionsHost extends HttpService, Stoppable {
  /** Process id of a function's current process, if it runs. */
  pidOf(name: string): number | undefined
}

const DEFAULT_TIMEOUT_MS = 150_000

/** @throws AppError `deno_missing`. */
export function createFunctionsHost(options: FunctionsHostOptions): FunctionsHost {
  const { logger, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const functionsDir = resolve(options.functionsDir)
  const deno = denoBinary()
  const workDir = options.workDir ? resolve(options.workDir) : mkdtempSync(join(tmpdir(), 'functions-'))
  mkdirSync(workDir, { recursive: true, mode: 0o700 })
  const processes = new FunctionProcesses({ ...options, functionsDir, deno, workDir, timeoutMs })
  const routes = createRoutes({ functionsDir, processes, timeoutMs, logger })
  let stopped: Promise<void> | undefined
  return {
    fetch: (request, { path }) => routes(request, path),
    pidOf: (name) => processes.pidOf(name),
    stop() {
      stopped ??= processes.stop().then(() => {
        if (options.workDir === undefined) rmSync(workDir, { recursive: true, force: true })
      })
      return stopped
    },
  }
}
