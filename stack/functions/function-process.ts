/**
 * One Deno process that serves one function.
 *
 *   starting --ready--> serving --retire()--> retiring --idle--> killed
 *       \--exit / boot time-out--> ended <--exit--/
 *
 * A retiring process gets no new requests. It is killed when its requests and its background work have ended; background work
 * gets `graceMs` at most.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Logger } from '../types.ts'
import type { FunctionSource } from './catalogue.ts'
import { logFunctionLine } from './log-line.ts'
import { watchMemory } from './memory.ts'
import { forEachLine } from './output-lines.ts'
import { type BootConfig, type ControlMessage, splitControl } from './runtime/control.ts'
import { startWatchdog } from './watchdog.ts'

export interface ProcessOptions {
  deno: string
  source: FunctionSource
  env: Readonly<Record<string, string>>
  /** Files and folders that the function may read beside its temporary folder. */
  readable: readonly string[]
  /** `host:port` or `host` that the function may not connect to. Everything else is allowed. */
  denyNet: readonly string[]
  /** MiB of JavaScript heap. */
  heapMb: number
  /** MiB of the whole process, outside of the heap too. Beyond that the process is killed. */
  memoryMb: number
  /** Milliseconds until the process must serve. */
  bootTimeoutMs: number
  /** Milliseconds that background work gets once the process is retiring and has no requests. */
  graceMs: number
  /** Folder of Deno's cache and of the temporary folders of all processes. */
  workDir: string
  logger: Logger
}

export interface ProcessEnd {
  /** Whether V8 ended the process because its heap was full, or the host because of its whole memory. */
  outOfMemory: boolean
}

const BOOT_MODULE = join(import.meta.dirname, 'runtime', 'boot.ts')
const MIB = 1024 * 1024
const OUT_OF_MEMORY = /heap out of memory|Reached heap limit/

export class FunctionProcess {
  /** Port on 127.0.0.1, once the process serves. Rejects when the process ends before. */
  readonly ready: Promise<number>
  readonly ended: Promise<ProcessEnd>
  readonly pid: number | undefined
  /** `SB_EXECUTION_ID` of the process: jobs name it as their worker. */
  readonly workerId = randomUUID()
  readonly #options: ProcessOptions
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<number>()
  #requests = 0
  #background = false
  #retiring = false
  #killed = false
  #hasEnded = false
  #end: ProcessEnd = { outOfMemory: false }
  #graceTimer: NodeJS.Timeout | undefined

  constructor(options: ProcessOptions) {
    this.#options = options
    this.ready = this.#ready.promise
    this.ready.catch(() => undefined) // requests that wait have handlers of their own
    const tempDir = join(options.workDir, `${options.source.name}-${randomUUID()}`)
    mkdirSync(tempDir, { recursive: true, mode: 0o700 })
    const nonce = randomUUID()
    this.#child = this.#spawn(tempDir)
    this.pid = this.#child.pid
    const watchdog = this.pid === undefined ? undefined : startWatchdog(this.pid, tempDir)
    const stopWatching = this.#limitMemory()

    this.#listen(nonce)
    const boot: BootConfig = { entry: pathToFileURL(options.source.entry).href, nonce }
    this.#child.stdin?.on('error', () => undefined) // a process that has ended is noticed by its exit
    this.#child.stdin?.write(`${JSON.stringify(boot)}\n`)

    const bootTimer = setTimeout(() => {
      options.logger.error(options.source.name, 'did not start in time', { ms: options.bootTimeoutMs })
      this.kill()
    }, options.bootTimeoutMs)
    this.ready.then(
      () => clearTimeout(bootTimer),
      () => clearTimeout(bootTimer),
    )
    this.ended = new Promise((resolve) => {
      const finish = (reason: string): void => {
        if (this.#hasEnded) return
        this.#hasEnded = true
        clearTimeout(this.#graceTimer)
        watchdog?.dismiss()
        stopWatching()
        rmSync(tempDir, { recursive: true, force: true })
        this.#ready.reject(new Error(reason))
        if (!this.#killed) options.logger.warn(options.source.name, `process ended: ${reason}`)
        resolve(this.#end)
      }
      this.#child.on('error', (error) => finish(error.message))
      // 'close' rather than 'exit': at 'close' all output of the process has been read.
      this.#child.on('close', (code, signal) => finish(signal ?? `exit code ${code}`))
    })
  }

  /** Whether the process may get another request. */
  get usable(): boolean {
    return !this.#retiring && !this.#killed && !this.#hasEnded
  }

  /** Counts a request. @returns ends the request; further calls do nothing. */
  beginRequest(): () => void {
    this.#requests += 1
    let open = true
    return () => {
      if (!open) return
      open = false
      this.#requests -= 1
      this.#endIfIdle()
    }
  }

  /** Gives the process no new requests, and ends it when it is idle. */
  retire(): void {
    if (this.#retiring) return
    this.#retiring = true
    this.#endIfIdle()
  }

  kill(): void {
    if (this.#killed || this.#hasEnded) return
    this.#killed = true
    this.#child.kill('SIGKILL')
  }

  /** @returns stops watching. */
  #limitMemory(): () => void {
    const { logger, source, memoryMb } = this.#options
    if (this.pid === undefined) return () => undefined
    return watchMemory(this.pid, (bytes) => {
      if (bytes <= memoryMb * MIB || this.#killed || this.#hasEnded) return
      logger.error(source.name, 'over the memory limit, ending its process', {
        mb: Math.ceil(bytes / MIB),
        limit: memoryMb,
      })
      this.#end = { outOfMemory: true }
      this.kill()
    })
  }

  #endIfIdle(): void {
    if (!this.#retiring || this.#requests > 0) return
    if (!this.#background) this.kill()
    else this.#graceTimer ??= setTimeout(() => this.kill(), this.#options.graceMs)
  }

  #spawn(tempDir: string): ChildProcess {
    const { deno, source, env, workDir } = this.#options
    return spawn(deno, this.#arguments(tempDir), {
      cwd: source.dir,
      // Nothing of Node's own environment.
      env: {
        ...env,
        SUPABASE_FUNCTION_SLUG: source.name,
        SB_EXECUTION_ID: this.workerId,
        TMPDIR: tempDir,
        DENO_DIR: join(workDir, 'deno-cache'),
        DENO_NO_UPDATE_CHECK: '1',
        NO_COLOR: '1',
      },
      // A session of its own: Ctrl-C in the terminal reaches Node only, and Node stops the functions in order.
      detached: process.platform !== 'win32',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  }

  /** Deno uses installed packages only: it fetches nothing from registries, and writes no lock file. */
  #arguments(tempDir: string): string[] {
    const { source, readable, denyNet, heapMb } = this.#options
    return [
      'run',
      '--quiet',
      '--no-prompt',
      '--no-lock',
      '--cached-only',
      '--node-modules-dir=manual',
      ...(source.config === undefined ? ['--no-config'] : ['--config', source.config]),
      '--allow-env',
      '--allow-net',
      ...(denyNet.length === 0 ? [] : [`--deny-net=${denyNet.join(',')}`]),
      `--allow-read=${pathList([...readable, join(import.meta.dirname, 'runtime'), tempDir])}`,
      `--allow-write=${pathList([tempDir])}`,
      `--v8-flags=--max-old-space-size=${heapMb}`,
      BOOT_MODULE,
    ]
  }

  #listen(nonce: string): void {
    const { logger, source } = this.#options
    const { stdout, stderr } = this.#child
    if (stdout === null || stderr === null) return
    forEachLine(stdout, (line) => {
      const { text, messages } = splitControl(nonce, line)
      for (const message of messages) this.#obey(message)
      if (text !== '') logFunctionLine(logger, source.name, text, 'info')
    })
    forEachLine(stderr, (line) => {
      if (OUT_OF_MEMORY.test(line)) this.#end = { outOfMemory: true }
      logFunctionLine(logger, source.name, line, 'warn')
    })
  }

  #obey(message: ControlMessage): void {
    if (message.event === 'ready') {
      this.#ready.resolve(message.port)
      return
    }
    this.#background = message.busy
    this.#endIfIdle()
  }
}

/** As Deno's permission flags take them: a comma in a path is doubled. */
function pathList(paths: readonly string[]): string {
  return paths.map((path) => path.replaceAll(',', ',,')).join(',')
}
