/**
 * Serves `supabase/functions` on `/functions/v1/<name>`: one lazily started, sandboxed Deno process per
 * function. The function sees the path `/<name>/…`, as on hosted Supabase.
 *
 * Over the wall-clock limit a request is answered 504 and its process gets no further requests: the next one
 * starts a fresh process at once. Other requests already under way in the old process keep their own limits;
 * when the last has ended the process is killed. Other functions notice nothing.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import type { HttpService, Logger, Stoppable } from '../types.ts'
import { type FunctionSource, findFunction, sourceFingerprint } from './catalogue.ts'
import { denoBinary } from './deno-binary.ts'
import { type FunctionFailure, failureResponse } from './errors.ts'
import { ConnectError, forward } from './forward.ts'
import { FunctionProcess } from './function-process.ts'

export interface FunctionsHostOptions {
  /** `supabase/functions`. */
  functionsDir: string
  /** Further folders that functions import from; `_shared` is known. Default none. */
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
  memoryMb?: number
  /** Milliseconds between looks for changed sources; 0 looks at every request. Default 1000. */
  reloadCheckMs?: number
  /** Folder for Deno's cache and the processes' temporary files. Default: one of the system's, removed at stop. */
  workDir?: string
}

export interface FunctionsHost extends HttpService, Stoppable {
  /** Process id of a function's current process, if it runs. */
  pidOf(name: string): number | undefined
}

/** As `private.job_kinds` allows it. */
const FUNCTION_NAME = /^[a-z0-9][a-z0-9_-]{0,99}$/
const MAX_MISSING = 100
const DEFAULT_TIMEOUT_MS = 150_000
const DEFAULT_BOOT_TIMEOUT_MS = 30_000
const DEFAULT_MEMORY_MB = 256
const DEFAULT_RELOAD_CHECK_MS = 1000

/** The addresses of instance metadata services, which hold credentials of the machine. */
const METADATA_SERVICES = ['169.254.169.254', '[fd00:ec2::254]']

interface Slot {
  process: FunctionProcess
  fingerprint: string
  checkedAt: number
}

/** @throws AppError `deno_missing`. */
export function createFunctionsHost(options: FunctionsHostOptions): FunctionsHost {
  return new Host(options)
}

class Host implements FunctionsHost {
  readonly #options: FunctionsHostOptions
  readonly #functionsDir: string
  readonly #deno: string
  readonly #workDir: string
  readonly #timeoutMs: number
  readonly #slots = new Map<string, Slot>()
  /** Starts under way, so that many first requests share one process. */
  readonly #acquiring = new Map<string, Promise<FunctionProcess>>()
  readonly #processes = new Set<FunctionProcess>()
  #stopped: Promise<void> | undefined

  /** Names that were asked for in vain, and have been told of. */
  readonly #missing = new Set<string>()

  constructor(options: FunctionsHostOptions) {
    this.#options = options
    this.#functionsDir = resolve(options.functionsDir)
    this.#deno = denoBinary()
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.#workDir = options.workDir ? resolve(options.workDir) : mkdtempSync(join(tmpdir(), 'functions-'))
    mkdirSync(this.#workDir, { recursive: true, mode: 0o700 })
  }

  /** Of a nudge nobody sees the answer. Once for each name, and only so many: anybody may ask for what they like. */
  #tellOfMissing(name: string): void {
    if (!FUNCTION_NAME.test(name) || this.#missing.has(name) || this.#missing.size >= MAX_MISSING) return
    this.#missing.add(name)
    const folder = relative(process.cwd(), join(this.#functionsDir, name))
    this.#options.logger.warn('functions', 'a function was called that is not there', { folder })
  }

  async fetch(request: Request, context: { path: string }): Promise<Response> {
    const name = context.path.split('/').find((part) => part !== '') ?? ''
    const source = findFunction(this.#functionsDir, name)
    if (source === undefined) {
      this.#tellOfMissing(name)
      return failureResponse('NOT_FOUND')
    }
    const limit = new WallClock(this.#timeoutMs)
    try {
      const outcome = await Promise.race([this.#serve(source, request, context.path, limit), limit.reached])
      if (outcome instanceof Response) return outcome // its body is still under the limit
      limit.stop()
      return failureResponse(outcome)
    } catch (error) {
      limit.stop()
      throw error
    }
  }

  pidOf(name: string): number | undefined {
    const process = this.#slots.get(name)?.process
    return process?.usable ? process.pid : undefined
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  async #end(): Promise<void> {
    const processes = [...this.#processes]
    for (const process of processes) process.kill()
    await Promise.all(processes.map((process) => process.ended))
    if (this.#options.workDir === undefined) rmSync(this.#workDir, { recursive: true, force: true })
  }

  async #serve(
    source: FunctionSource,
    request: Request,
    path: string,
    limit: WallClock,
  ): Promise<Response | FunctionFailure> {
    const target = targetOf(request, path)
    // A process may end between being chosen and being connected to; the second is fresh.
    for (const last of [false, true]) {
      if (this.#stopped !== undefined) return 'SHUTDOWN'
      const process = await this.#acquire(source)
      // Counted from here on, so that a process that is being replaced still serves who waits for its start.
      const endRequest = process.beginRequest()
      const port = await process.ready.catch(() => undefined)
      if (port === undefined || limit.isReached) {
        endRequest()
        return port === undefined ? bootFailure(process) : 'WORKER_TIMEOUT'
      }
      limit.onReached = () => {
        this.#options.logger.error(source.name, 'over the time limit, ending its process', {
          ms: this.#timeoutMs,
        })
        endRequest()
        process.retire()
      }
      const onEnd = (): void => {
        limit.stop()
        endRequest()
      }
      try {
        return await forward({ port, target, request, signal: limit.signal, onEnd })
      } catch (error) {
        endRequest()
        if (limit.isReached) return 'WORKER_TIMEOUT'
        if (error instanceof ConnectError) process.retire()
        if (error instanceof ConnectError && !last) continue
        this.#options.logger.error(source.name, 'broke off', { error })
        return this.#brokenBy(process)
      }
    }
    return 'WORKER_ERROR'
  }

  /** The function's process, started if there is none, it has ended, or its sources have changed. */
  #acquire(source: FunctionSource): Promise<FunctionProcess> {
    const underWay = this.#acquiring.get(source.name)
    if (underWay !== undefined) return underWay
    const acquiring = this.#choose(source).finally(() => this.#acquiring.delete(source.name))
    this.#acquiring.set(source.name, acquiring)
    return acquiring
  }

  async #choose(source: FunctionSource): Promise<FunctionProcess> {
    const { reloadCheckMs = DEFAULT_RELOAD_CHECK_MS, logger } = this.#options
    const slot = this.#slots.get(source.name)
    if (slot?.process.usable && performance.now() - slot.checkedAt < reloadCheckMs) return slot.process
    const fingerprint = await sourceFingerprint(this.#sourceFolders(source))
    if (slot?.process.usable && slot.fingerprint === fingerprint) {
      slot.checkedAt = performance.now()
      return slot.process
    }
    if (slot?.process.usable) {
      logger.info(source.name, 'sources have changed, starting afresh')
      slot.process.retire()
    }
    const process = this.#start(source)
    this.#slots.set(source.name, { process, fingerprint, checkedAt: performance.now() })
    return process
  }

  #start(source: FunctionSource): FunctionProcess {
    const { env, denyNet = [], logger } = this.#options
    const process = new FunctionProcess({
      deno: this.#deno,
      source,
      env: env(),
      readable: [...this.#sourceFolders(source), ...nodeModules(source.dir)],
      denyNet: [...METADATA_SERVICES, ...denyNet.flatMap(withOtherNames)],
      memoryMb: this.#options.memoryMb ?? DEFAULT_MEMORY_MB,
      bootTimeoutMs: this.#options.bootTimeoutMs ?? DEFAULT_BOOT_TIMEOUT_MS,
      graceMs: this.#timeoutMs,
      workDir: this.#workDir,
      logger,
    })
    this.#processes.add(process)
    if (this.#stopped !== undefined) process.kill()
    process.ended.then(() => this.#processes.delete(process))
    return process
  }

  #sourceFolders(source: FunctionSource): string[] {
    const shared = (this.#options.sharedDirs ?? []).map((folder) => resolve(folder))
    return [source.dir, join(this.#functionsDir, '_shared'), ...shared]
  }

  async #brokenBy(process: FunctionProcess): Promise<FunctionFailure> {
    if (this.#stopped !== undefined) return 'SHUTDOWN'
    // The connection breaks an instant before the process has ended; one that lives on only broke this request.
    const ended = await Promise.race([process.ended, delay(END_NOTICE_MS)])
    return ended?.outOfMemory ? 'WORKER_LIMIT' : 'WORKER_ERROR'
  }
}

/** Milliseconds in which the end of a process is noticed after its connections broke. */
const END_NOTICE_MS = 500

function delay(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref())
}

async function bootFailure(process: FunctionProcess): Promise<FunctionFailure> {
  const { outOfMemory } = await process.ended
  return outOfMemory ? 'WORKER_LIMIT' : 'BOOT_ERROR'
}

/** Every `node_modules` that modules of the folder can resolve from: packages read files of their own, e.g. wasm. */
function nodeModules(folder: string): string[] {
  const parent = dirname(folder)
  return [join(folder, 'node_modules'), ...(parent === folder ? [] : nodeModules(parent))]
}

/** Deno resolves host names before it compares, but takes these addresses for different ones. */
function withOtherNames(address: string): string[] {
  const port = /^127\.0\.0\.1(:\d+)?$/.exec(address)
  if (port === null) return [address]
  return ['127.0.0.1', '0.0.0.0', '[::1]', '[::]'].map((name) => `${name}${port[1] ?? ''}`)
}

function targetOf(request: Request, path: string): string {
  return `${path.startsWith('/') ? path : `/${path}`}${new URL(request.url).search}`
}

/** The time limit of one request, from its arrival to the last byte of its answer. */
class WallClock {
  /** Resolves at the limit; never otherwise. */
  readonly reached: Promise<FunctionFailure>
  /** Called at the limit. */
  onReached: () => void = () => undefined
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  #isReached = false

  constructor(ms: number) {
    const { promise, resolve } = Promise.withResolvers<FunctionFailure>()
    this.reached = promise
    this.#timer = setTimeout(() => {
      this.#isReached = true
      this.onReached()
      resolve('WORKER_TIMEOUT')
      this.#controller.abort()
    }, ms)
  }

  get isReached(): boolean {
    return this.#isReached
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
