/** Turns a line that a function wrote to its console into an entry of the stack's log. */

import type { Logger } from '../types.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

type Level = (typeof LEVELS)[number]

/**
 * Functions write one JSON line per event, `{level, function, event, ...fields}`, for the log search of hosted
 * Supabase. On a terminal the event comes first, and an error is shown as its code. Other lines are logged unchanged.
 */
export function logFunctionLine(logger: Logger, name: string, line: string, fallback: Level): void {
  const record = parseRecord(line)
  const { level, event, function: _name, error, ...fields } = record ?? {}
  if (typeof event !== 'string' || !isLevel(level)) {
    logger[fallback](name, line)
    return
  }
  logger[level](name, event, {
    ...fields,
    ...(error !== undefined && fields.code === undefined && { error }),
  })
  if (error !== undefined) logger.debug(name, event, { error })
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch (error) {
    // A line that begins like JSON, or JSON that was cut off, is plain text.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isLevel(value: unknown): value is Level {
  return LEVELS.some((level) => level === value)
}
