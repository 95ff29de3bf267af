/** Splits the output of a process into lines. */

import type { Readable } from 'node:stream'

/** Characters. The rest of a longer line is dropped. */
const MAX_LINE = 10_000

/** Calls back for each line that is not empty. Text after the last line break is a line when the output ends. */
export function forEachLine(stream: Readable, onLine: (line: string) => void): void {
  let pending = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n')
    pending = (lines.pop() ?? '').slice(0, MAX_LINE)
    for (const line of lines) emit(line)
  })
  stream.on('end', () => emit(pending))
  stream.on('error', () => undefined) // the end of the process is noticed by its exit

  function emit(line: string): void {
    const text = line.trimEnd().slice(0, MAX_LINE)
    if (text !== '') onLine(text)
  }
}
