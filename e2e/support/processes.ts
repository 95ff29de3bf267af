/** Finds processes by their command line or working directory, for tests that no process is left running. */

import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'

export interface ProcessEntry {
  pid: number
  command: string
}

/** Every process but this one whose command line or working directory contains the text. */
export function processesMentioning(text: string): ProcessEntry[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(.*)$/.exec(line))
    .flatMap((match) => (match === null ? [] : [{ pid: Number(match[1]), command: match[2] ?? '' }]))
    .filter(({ pid, command }) => pid !== process.pid && `${command} ${workingDirectory(pid)}`.includes(text))
}

/** Empty where the system does not tell, and for processes that have just ended. */
function workingDirectory(pid: number): string {
  if (process.platform !== 'linux') return ''
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      ['ENOENT', 'EACCES', 'ESRCH'].includes(String(error.code))
    )
      return ''
    throw error
  }
}
