/** The resident memory of a process: everything that it takes from the machine, outside of the JavaScript heap too. */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** Reading `/proc` takes microseconds. */
const PROC_INTERVAL_MS = 100
/** `ps` is a process of its own. */
const PS_INTERVAL_MS = 1_000
const KIB = 1024

/** Bytes; undefined for a process that has ended. */
export type ReadMemory = (pid: number) => Promise<number | undefined>

/** Linux. */
export const memoryFromProc: ReadMemory = async (pid) => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return kibibytes(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
}

/** Every other system but Windows. */
export const memoryFromPs: ReadMemory = (pid) =>
  new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, output) => {
      resolve(error === null ? kibibytes(output.trim()) : undefined)
    })
  })

function kibibytes(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) * KIB : undefined
}

/**
 * Reads the memory of a process again and again, one reading at a time. On Windows nothing is read.
 * @returns stops reading.
 */
export function watchMemory(pid: number, onReading: (bytes: number) => void): () => void {
  const { platform } = process
  if (platform === 'win32') return () => undefined
  const [read, ms] =
    platform === 'linux' ? [memoryFromProc, PROC_INTERVAL_MS] : [memoryFromPs, PS_INTERVAL_MS]
  let reading = false
  const timer = setInterval(async () => {
    if (reading) return
    reading = true
    const bytes = await read(pid)
    reading = false
    if (bytes !== undefined) onReading(bytes)
  }, ms)
  timer.unref()
  return () => clearInterval(timer)
}
