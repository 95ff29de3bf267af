/** Copies lines of the server's stderr to the stack's log, at a level by severity. */

import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Logger } from '../types.ts'

type Level = 'debug' | 'warn' | 'error'

const SEVERITY =
  /^\[\d+\] (?:\S+@\S+ )?(LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|DEBUG\d): {2}(.*)$/
/** Usual messages of a server that starts, stops or loses a client. */
const ROUTINE =
  /terminating (connection|walsender|background worker|logical replication)|the database system is (starting up|shutting down|not yet accepting)|(database|role) ".*" does not exist|password authentication failed|is not currently accepting connections/

const LEVELS: Readonly<Record<string, Level>> = { WARNING: 'warn', FATAL: 'error', PANIC: 'error' }

/** @returns the level of a message; errors of statements are `debug`, because the caller gets them. */
export function levelOf(severity: string, message: string): Level {
  return ROUTINE.test(message) ? 'debug' : (LEVELS[severity] ?? 'debug')
}

/** @returns the latest lines, for the message of a failed start. */
export function followServerLog(
  stream: Readable,
  logger: Logger,
  onLine: (line: string) => void,
): { tail(): string } {
  const latest: string[] = []
  let level: Level = 'debug'
  createInterface({ input: stream }).on('line', (line) => {
    latest.push(line)
    if (latest.length > 20) latest.shift()
    const match = SEVERITY.exec(line)
    const severity = match?.[1] ?? ''
    // DETAIL, HINT and indented lines belong to the message before them.
    if (['LOG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'FATAL', 'PANIC'].includes(severity)) {
      level = levelOf(severity, match?.[2] ?? '')
    }
    logger[level]('postgres', line)
    onLine(line)
  })
  return { tail: () => latest.join('\n') }
}
