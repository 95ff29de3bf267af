/** A log that keeps its lines, for assertions about what is in them and what is not. */

import { createLog, type Log } from '../log.ts'

export interface RecordedLog extends Log {
  readonly lines: string[]
}

export function recordLog(): RecordedLog {
  const lines: string[] = []
  return { ...createLog('test', (_level, line) => lines.push(line)), lines }
}
