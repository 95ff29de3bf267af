/**
 * Ends the server when Node ends without having stopped it (kill -9 for one): a shell that waits for the end
 * of its input, which the system closes together with Node. Where the shell is killed too, the next start on
 * the same data directory finds the orphan.
 */

import { spawn } from 'node:child_process'

/**
 * $1 the server's pid, $2 a folder to remove afterwards, or nothing. The wait has an end, because a server that
 * has ended keeps its pid until the system's first process asks for its exit code, which some never do.
 */
const SCRIPT = `
read -r _
kill -INT "$1" 2>/dev/null
n=0
while kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null && [ "$n" -lt 120 ]; do
  n=$((n + 1))
  [ "$n" -eq 50 ] && kill -QUIT "$1" 2>/dev/null
  [ "$n" -eq 100 ] && kill -KILL "$1" 2>/dev/null
  sleep 0.1
done
[ -n "$2" ] && rm -rf -- "$2"
exit 0
`

export interface Watchdog {
  /** Call once the server has ended. */
  dismiss(): void
}

/** @param removeDir a temporary folder to remove after the server has ended. */
export function startWatchdog(pid: number, removeDir: string | null): Watchdog {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'postgres-watchdog', String(pid), removeDir ?? ''], {
    cwd: '/',
    // Its own session: Ctrl-C in the terminal is for Node, which then stops the server in order.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.on('error', () => undefined) // without a shell the next start cleans up
  shell.unref()
  return { dismiss: () => void shell.kill('SIGKILL') }
}
