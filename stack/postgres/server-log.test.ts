import { expect, test } from 'vitest'
import { levelOf } from './server-log.ts'

test.each([
  ['LOG', 'checkpoint complete', 'debug'],
  ['ERROR', 'duplicate key value violates unique constraint "jobs_pkey"', 'debug'],
  ['WARNING', 'there is no transaction in progress', 'warn'],
  ['FATAL', 'could not write to file "pg_wal/xlogtemp.1": No space left on device', 'error'],
  ['PANIC', 'could not locate a valid checkpoint record', 'error'],
  ['FATAL', 'terminating connection due to administrator command', 'debug'],
  ['FATAL', 'the database system is shutting down', 'debug'],
])('%s: %s is %s', (severity, message, level) => {
  expect(levelOf(severity, message)).toBe(level)
})
