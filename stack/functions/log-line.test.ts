import { expect, test } from 'vitest'
import { createMemoryLogger } from '../logger.ts'
import { logFunctionLine } from './log-line.ts'

function entriesOf(line: string) {
  const logger = createMemoryLogger()
  logFunctionLine(logger, 'process-image', line, 'info')
  return logger.entries
}

test('an event keeps its level and fields; its error is known by its code', () => {
  const line =
    '{"level":"warn","function":"process-image","event":"job_failed","job":"a","code":"file_empty","error":{"at":[]}}'
  expect(entriesOf(line)).toEqual([
    {
      level: 'warn',
      source: 'process-image',
      message: 'job_failed',
      fields: { job: 'a', code: 'file_empty' },
    },
    { level: 'debug', source: 'process-image', message: 'job_failed', fields: { error: { at: [] } } },
  ])
})

test('an error without a code is shown', () => {
  const [entry] = entriesOf('{"level":"error","event":"request_failed","error":{"name":"TypeError"}}')
  expect(entry?.fields).toEqual({ error: { name: 'TypeError' } })
})

test.each([
  'plain text',
  '{"event":"no level"}',
  '{"level":"info","event":',
  '{"level":"loud","event":"e"}',
  'null',
])('another line is passed on as it is: %s', (line) => {
  expect(entriesOf(line)).toEqual([{ level: 'info', source: 'process-image', message: line, fields: {} }])
})
