/** The current process of each function: started when there is none, and replaced when its sources have changed. */

import { dirname, join, resolve } from 'node:path'
import type { Logger } from '../types.ts'
import { type FunctionSource, sourceFingerprint } from './catalogue.ts'
import { FunctionProcess } from './function-process.ts'

export interface FunctionProcessesOptions {
  functionsDir: string
  deno: string
  workDir: string
  env: () => Readonly<Record<string, string>>
  logger: Logger
  /** Milliseconds that background work gets after its process was replaced. */
  timeoutMs: number
  sharedDirs?: readonly string[]
  denyNet?: readonly string[]
  bootTimeoutMs?: number
  heapMb?: number
  memoryMb?: number
  onOutOfMemory?: (workerId: string) => Promise<void>
  reloadCheckMs?: number
}

const DEFAULT_BOOT_TIMEOUT_MS = 30_000
const DEFAULT_HEAP_MB = 256
const DEFAULT_MEMORY_MB = 512
const DEFAULT_RELOAD_CHECK_MS = 1000

/** Instance metadata services, which hold credentials of the machine. */
const METADATA_SERVICES = ['169.254.169.254', '[fd00:ec2::254]']

interface Slot {
  process: FunctionProcess
  fingerprint: string
  checkedAt: number
}

export class FunctionProcesses {
  readonly #options: FunctionProcessesOptions
  readonly #slots = new Map<string, Slot>()
  /** Starts under way: many first requests share one process. */
  readonly #acquiring = new Map<string, Promise<FunctionProcess>>()
  readonly #processes = new Set<FunctionProcess>()
  readonly #telling = new Set<Promise<void>>()
  #stopping = false

  constructor(options: FunctionProcessesOptions) {
    this.#options = options
  }

  get stopping(): boolean {
    return this.#stopping
  }

  pidOf(name: string): number | undefined {
    const process = this.#slots.get(name)?.process
    return process?.usable ? process.pid : undefined
  }

  /** Kills every process; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopping = true
    const processes = [...this.#processes]
    for (const process of processes) process.kill()
    await Promise.all(processes.map((process) => process.ended))
    await Promise.all(this.#telling)
  }

  acquire(source: FunctionSource): Promise<FunctionProcess> {
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
    const { deno, workDir, env, denyNet = [], timeoutMs, logger } = this.#options
    const process = new FunctionProcess({
      deno,
      source,
      env: env(),
      readable: [...this.#sourceFolders(source), ...nodeModules(source.dir)],
      denyNet: [...METADATA_SERVICES, ...denyNet.flatMap(withOtherNames)],
      heapMb: this.#options.heapMb ?? DEFAULT_HEAP_MB,
      memoryMb: this.#options.memoryMb ?? DEFAULT_MEMORY_MB,
      bootTimeoutMs: this.#options.bootTimeoutMs ?? DEFAULT_BOOT_TIMEOUT_MS,
      graceMs: timeoutMs,
      workDir,
      logger,
    })
    this.#processes.add(process)
    if (this.#stopping) process.kill()
    process.ended.then(({ outOfMemory }) => {
      this.#processes.delete(process)
      if (outOfMemory) this.#tellOutOfMemory(source, process.workerId)
    })
    return process
  }

  #tellOutOfMemory(source: FunctionSource, workerId: string): void {
    const { onOutOfMemory, logger } = this.#options
    const telling = Promise.resolve(onOutOfMemory?.(workerId)).catch((error: unknown) => {
      // Its jobs are queued again when their leases have expired.
      logger.warn(source.name, 'its jobs wait for the end of their leases', { error })
    })
    this.#telling.add(telling)
    telling.finally(() => this.#telling.delete(telling))
  }

  #sourceFolders(source: FunctionSource): string[] {
    const { functionsDir, sharedDirs = [] } = this.#options
    return [source.dir, join(functionsDir, '_shared'), ...sharedDirs.map((folder) => resolve(folder))]
  }
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
