/** A log that remembers its lines, to assert what is in them and, more often, what is not. */

import { createLog, type Log } from '../log.ts'

export interface RecordedLog extends Log {
  readonly lines: string[]
}

export function recordLog(): RecordedLog {
  const lines: string[] = []
  return { ...createLog('test', (_level, line) => lines.push(line)), lines }
}
