/** A logger that records its entries, for tests. */

import type { Logger } from '../../types.ts'

export interface RecordingLogger extends Logger {
  readonly entries: { level: keyof Logger; source: string; message: string }[]
  messages(level: keyof Logger): string[]
}

export function recordingLogger(): RecordingLogger {
  const entries: RecordingLogger['entries'] = []
  const record = (level: keyof Logger) => (source: string, message: string) => {
    entries.push({ level, source, message })
  }
  return {
    entries,
    messages: (level) => entries.filter((entry) => entry.level === level).map((entry) => entry.message),
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
  }
}
