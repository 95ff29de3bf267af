/** Loggers for the stack's parts: one line per event on the terminal, or a list for tests. */

import { styleText } from 'node:util'
import type { Logger } from './types.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogEntry {
  level: LogLevel
  source: string
  message: string
  fields: Readonly<Record<string, unknown>>
}

export interface TerminalLoggerOptions {
  /** Lowest level that is shown. Default `info`. */
  level?: LogLevel
  /** Default: standard error, because standard output is for results. */
  stream?: NodeJS.WritableStream & { isTTY?: boolean }
  /** Default: true on a terminal, unless `NO_COLOR` is set. */
  colors?: boolean
  clock?: () => Date
}

/** Lines of the form `12:00:00.000 warn  gateway    event_name key=value`. */
export function createTerminalLogger(options: TerminalLoggerOptions = {}): Logger {
  const stream = options.stream ?? process.stderr
  const colors = options.colors ?? (stream.isTTY === true && !process.env.NO_COLOR)
  const clock = options.clock ?? (() => new Date())
  const threshold = LOG_LEVELS.indexOf(options.level ?? 'info')
  return loggerOf((entry) => {
    if (LOG_LEVELS.indexOf(entry.level) < threshold) return
    stream.write(`${formatLine(entry, clock(), colors)}\n`)
  })
}

/** Keeps every entry in `entries`, in order. */
export function createMemoryLogger(): Logger & { readonly entries: readonly LogEntry[] } {
  const entries: LogEntry[] = []
  return { ...loggerOf((entry) => entries.push(entry)), entries }
}

function loggerOf(write: (entry: LogEntry) => void): Logger {
  const at =
    (level: LogLevel) =>
    (source: string, message: string, fields: Record<string, unknown> = {}): void =>
      write({ level, source, message, fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const LEVEL_STYLE = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

const SOURCE_STYLES = ['cyan', 'magenta', 'blue', 'cyanBright', 'magentaBright', 'blueBright'] as const

function formatLine(entry: LogEntry, at: Date, colors: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colors ? styleText(style, text, { validateStream: false }) : text
  const fields = Object.entries(entry.fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${paint('dim', `${name}=`)}${formatValue(value)}`)
  return [
    paint('gray', at.toISOString().slice(11, 23)),
    ' ',
    paint(LEVEL_STYLE[entry.level], entry.level.padEnd(5)),
    ' ',
    paint(styleOf(entry.source), entry.source.padEnd(10)),
    ' ',
    oneLine(entry.message),
    ...fields,
  ].join('')
}

/** A source has the same colour in every run. */
function styleOf(source: string): (typeof SOURCE_STYLES)[number] {
  let hash = 0
  for (const character of source) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return SOURCE_STYLES[hash % SOURCE_STYLES.length] ?? 'cyan'
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return oneLine(quoteIfNeeded(describeError(value)))
  if (typeof value === 'string') return oneLine(quoteIfNeeded(value))
  return oneLine(toJson(value))
}

/** Name and message of the error and its causes, in one line. */
function describeError(error: Error): string {
  const cause = error.cause instanceof Error ? ` <- ${describeError(error.cause)}` : ''
  return `${error.name}: ${error.message}${cause}`
}

function quoteIfNeeded(text: string): string {
  return /[\s"=]/.test(text) || text === '' ? JSON.stringify(text) : text
}

function toJson(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ??
      'undefined'
    )
  } catch {
    return '[unprintable]'
  }
}

/** Makes control characters visible, so that logged texts cannot break lines or send escape sequences. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  })
}
