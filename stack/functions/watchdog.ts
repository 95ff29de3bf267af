/**
 * Ends a function's process when Node ends without having done so (kill -9 for one). The process notices the
 * end of its input itself, but not while it is in an endless loop; this shell always does.
 */

import { spawn } from 'node:child_process'

/** $1 the process, which may have no children; $2 its temporary folder. */
const SCRIPT = 'read -r _; kill -KILL "$1" 2>/dev/null; rm -rf -- "$2"'

export interface Watchdog {
  /** Call once the process has ended. */
  dismiss(): void
}

export function startWatchdog(pid: number, tempDir: string): Watchdog {
  if (process.platform === 'win32') return { dismiss: () => undefined }
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'function-watchdog', String(pid), tempDir], {
    cwd: '/',
    env: { PATH: process.env.PATH },
    // Its own session: Ctrl-C in the terminal is for Node, which then stops the functions in order.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.on('error', () => undefined) // without a shell the process's own check remains
  shell.unref()
  return { dismiss: () => void shell.kill('SIGKILL') }
}
