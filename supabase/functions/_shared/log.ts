/**
 * One JSON line per event, for the platform's log search. Lines have ids, codes and counts only. Texts and addresses of
 * people, and addresses of their files, are personal data and are never logged.
 */

export type LogLevel = 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface Log {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  /** Logs the error's name, code and place in the code. Its message is left out, because it may quote personal data. */
  error(event: string, error: unknown, fields?: LogFields): void
}

export type WriteLine = (level: LogLevel, line: string) => void

const CONSOLE: WriteLine = (level, line) => console[level](line)
const MAX_FRAMES = 6
const MAX_CAUSES = 4

export function createLog(functionName: string, write: WriteLine = CONSOLE): Log {
  const put = (level: LogLevel, event: string, fields: Record<string, unknown> = {}) => {
    write(level, JSON.stringify({ level, function: functionName, event, ...fields }))
  }
  return {
    info: (event, fields) => put('info', event, fields),
    warn: (event, fields) => put('warn', event, fields),
    error: (event, error, fields) => put('error', event, { ...fields, error: errorFacts(error) }),
  }
}

/** The facts of an error that a log may have: none that could quote its input. */
export function errorFacts(error: unknown, depth = 0): Record<string, unknown> {
  if (typeof error !== 'object' || error === null) return { name: typeof error }
  const facts: Record<string, unknown> = { name: textOf(error, 'name') ?? 'Error' }
  for (const key of ['code', 'status', 'statusCode', 'field'] as const) {
    const value: unknown = Reflect.get(error, key)
    if (typeof value === 'number' || (typeof value === 'string' && /^[\w.-]{1,60}$/.test(value))) {
      facts[key] = value
    }
  }
  const frames = textOf(error, 'stack')
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim())
  if (frames !== undefined && frames.length > 0) facts.at = frames
  const cause: unknown = Reflect.get(error, 'cause')
  if (cause !== undefined && cause !== null && depth < MAX_CAUSES) facts.cause = errorFacts(cause, depth + 1)
  return facts
}

function textOf(error: object, key: string): string | undefined {
  const value: unknown = Reflect.get(error, key)
  return typeof value === 'string' ? value : undefined
}
