/** The work of `process-image` in a process of its own, for measuring it from outside (memory: Linux only). */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { denoBinary } from '../../stack/functions/deno-binary.ts'

export interface WorkDone {
  /** What preview there is, or the error's code. */
  end: string
  ms: number
  /** Of all threads, to 10 ms. */
  cpuMs: number
}

/** By megapixels. */
export type Picture = 'jpeg-12' | 'jpeg-48' | 'heic-6'

export interface MaliciousCase {
  name: string
  kind: string
  end: string
  path: string
}

export interface ImageWorkerOptions {
  /** `IMAGE_MEMORY_MB` of the worker; default as hosted. */
  memoryMb?: number
  /** Folder that it may write to. */
  writable?: string
}

const ROOT = join(import.meta.dirname, '..', '..')
const FUNCTION = join(ROOT, 'supabase', 'functions', 'process-image')
const MB = 1024 * 1024
/** `/proc` counts in hundredths of a second. */
const TICK_MS = 10

export class ImageWorker implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #log = ''

  constructor({ memoryMb, writable }: ImageWorkerOptions = {}) {
    const flags = [
      '--quiet',
      '--no-check',
      '--no-prompt',
      '--no-lock',
      '--node-modules-dir=manual',
      '--cached-only',
      '--v8-flags=--max-old-space-size=256',
    ]
    const permissions = [
      '--allow-read',
      '--allow-env',
      ...(writable === undefined ? [] : [`--allow-write=${writable}`]),
    ]
    this.#child = spawn(
      denoBinary(),
      [
        'run',
        ...flags,
        ...permissions,
        '--config',
        join(FUNCTION, 'deno.json'),
        join(FUNCTION, 'testing', 'measure-process.ts'),
      ],
      {
        cwd: ROOT,
        env: {
          PATH: process.env.PATH,
          ...(memoryMb === undefined ? {} : { IMAGE_MEMORY_MB: String(memoryMb) }),
        },
      },
    )
    this.#child.stderr.on('data', (data) => {
      this.#log += String(data)
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** @param file path of the document's file. */
  async work(file: string, kind = 'photo'): Promise<WorkDone> {
    const before = this.#cpuMs()
    const done = await this.#ask(`work ${kind} ${file}`)
    return { ...(done as { end: string; ms: number }), cpuMs: this.#cpuMs() - before }
  }

  /** Makes a picture of a camera's size; the worker must be allowed to write there. */
  async draw(picture: Picture, file: string): Promise<void> {
    await this.#ask(`draw ${picture} ${file}`)
  }

  /** Writes the malicious set; the worker must be allowed to write there. */
  async writeMalicious(folder: string): Promise<MaliciousCase[]> {
    return (await this.#ask(`write ${folder}`)) as MaliciousCase[]
  }

  /** Most that it ever had in memory, in MiB; undefined where the system does not tell. */
  peakMb(): number | undefined {
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(this.#proc('status'))?.[1]
    return peak === undefined ? undefined : (Number(peak) * 1024) / MB
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    await gone
  }

  async #ask(line: string): Promise<unknown> {
    this.#child.stdin.write(`${line}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`the worker has ended: ${this.#log}`)
    return JSON.parse(value)
  }

  #cpuMs(): number {
    // The name in brackets may hold anything; user and system time are the 12th and 13th field behind it.
    const fields = this.#proc('stat')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS
  }

  #proc(file: string): string {
    try {
      return readFileSync(`/proc/${this.#child.pid}/${file}`, 'utf8')
    } catch {
      // Not Linux.
      return ''
    }
  }
}
