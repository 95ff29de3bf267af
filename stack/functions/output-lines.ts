/** Cuts a process's output into lines. */

import type { Readable } from 'node:stream'

/** Characters; what a longer line has more is cut off. */
const MAX_LINE = 10_000

/** Calls back for each line that is not empty; the rest without a line break comes at the end. */
export function forEachLine(stream: Readable, onLine: (line: string) => void): void {
  let pending = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n')
    pending = (lines.pop() ?? '').slice(0, MAX_LINE)
    for (const line of lines) emit(line)
  })
  stream.on('end', () => emit(pending))
  stream.on('error', () => undefined) // the process's end is reported by its exit

  function emit(line: string): void {
    const text = line.trimEnd().slice(0, MAX_LINE)
    if (text !== '') onLine(text)
  }
}
