/**
 * Kills a function's process when Node ends without having killed it, e.g. after kill -9 of Node. A process notices the end of
 * its standard input, but not during an endless loop. A shell that waits for the end of its own input always notices.
 */

import { spawn } from 'node:child_process'

/** $1 is the process, which may not start other processes; $2 is its temporary folder. */
const SCRIPT = 'read -r _; kill -KILL "$1" 2>/dev/null; rm -rf -- "$2"'

export interface Watchdog {
  /** Ends the shell. Call it once the process has ended. */
  dismiss(): void
}

export function startWatchdog(pid: number, tempDir: string): Watchdog {
  if (process.platform === 'win32') return { dismiss: () => undefined }
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'function-watchdog', String(pid), tempDir], {
    cwd: '/',
    env: { PATH: process.env.PATH },
    // A session of its own: Ctrl-C in the terminal reaches Node only, and Node stops the functions in order.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.on('error', () => undefined) // without a shell the process still notices the end of its input
  shell.unref()
  return { dismiss: () => void shell.kill('SIGKILL') }
}
