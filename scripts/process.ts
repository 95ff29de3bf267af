/** Running the project's command-line tools from its scripts. */

import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Path of a tool that npm installed, e.g. `biome`. */
export function tool(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name)
}

export interface RunResult {
  /** Exit code; 1 when a signal ended the process. */
  code: number
  /** Standard output and error, interleaved; empty when inherited. */
  output: string
}

export interface RunOptions {
  cwd?: string
  env?: Record<string, string>
  /** `capture` returns the output, `inherit` shows it as it comes. Default `capture`. */
  output?: 'capture' | 'inherit'
}

/** Runs a command to its end. Rejects only when it cannot be started. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const inherit = options.output === 'inherit'
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  process.once('SIGTERM', forward)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      process.off('SIGTERM', forward)
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') })
    })
  })
}
