import { Writable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createMemoryLogger, createTerminalLogger, type TerminalLoggerOptions } from './logger.ts'
import type { Logger } from './types.ts'

function captured(options: TerminalLoggerOptions & { isTTY?: boolean } = {}): {
  logger: Logger
  text: () => string
} {
  const chunks: string[] = []
  const { isTTY = false, ...rest } = options
  const sink = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  const stream = Object.assign(sink, { isTTY })
  const clock = () => new Date('2026-01-02T03:04:05.678Z')
  return { logger: createTerminalLogger({ clock, ...rest, stream }), text: () => chunks.join('') }
}

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('terminal logger', () => {
  test('prints one line with time, level, source, message and fields', () => {
    const { logger, text } = captured()
    logger.warn('gateway', 'port is taken', { port: 54321, why: 'in use', absent: undefined })
    expect(text()).toBe('03:04:05.678 warn  gateway    port is taken port=54321 why="in use"\n')
  })

  test('hides what is below its level', () => {
    const { logger, text } = captured({ level: 'warn' })
    logger.debug('a', 'no')
    logger.info('a', 'no')
    logger.error('a', 'yes')
    expect(text()).toMatch(/^03:04:05\.678 error a {10}yes\n$/)
  })

  test('keeps to one line and disarms escape sequences', () => {
    const { logger, text } = captured()
    logger.info('fn', 'one\ntwo\u001b[2J', {
      error: new TypeError('bad\nthing', { cause: new Error('root') }),
    })
    expect(text().trimEnd().split('\n')).toHaveLength(1)
    expect(text()).not.toContain('\u001b')
    expect(text()).toContain('TypeError: bad')
    expect(text()).toContain('<- Error: root')
  })

  test('survives values that JSON cannot hold', () => {
    const { logger, text } = captured()
    const circular: Record<string, unknown> = {}
    circular.self = circular
    logger.info('x', 'm', { circular, big: 10n })
    expect(text()).toContain('circular=[unprintable] big="10"')
  })

  test('colours a terminal, but not with NO_COLOR and not a file', () => {
    vi.stubEnv('NO_COLOR', '')
    const terminal = captured({ isTTY: true })
    terminal.logger.info('x', 'm')
    expect(terminal.text()).toContain('\u001b[32minfo')

    vi.stubEnv('NO_COLOR', '1')
    const quiet = captured({ isTTY: true })
    quiet.logger.info('x', 'm')
    expect(quiet.text()).not.toContain('\u001b')

    vi.stubEnv('NO_COLOR', '')
    const file = captured({ isTTY: false })
    file.logger.info('x', 'm')
    expect(file.text()).not.toContain('\u001b')
  })
})

test('memory logger keeps entries in order', () => {
  const logger = createMemoryLogger()
  logger.info('a', 'one')
  logger.error('b', 'two', { n: 1 })
  expect(logger.entries).toEqual([
    { level: 'info', source: 'a', message: 'one', fields: {} },
    { level: 'error', source: 'b', message: 'two', fields: { n: 1 } },
  ])
})
