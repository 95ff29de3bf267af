import { expect, test } from 'vitest'
import { describePushFailure } from './push-failure.ts'

const stderr = 'Applying migration 1_a.sql...\nApplying migration 2_b.sql...\n'

test('a failure names the file that was begun last, without advice that does not apply', () => {
  const message =
    'ERROR: no\n\nHint: x\n      Learn more: supabase migration new --help\nTry rerunning the command with --debug to troubleshoot.'
  const stdout = `progress\n${JSON.stringify({ _tag: 'Error', error: { message } })}\n`
  expect(describePushFailure(stdout, stderr)).toEqual({
    file: 'supabase/migrations/2_b.sql',
    reason: 'ERROR: no\nHint: x',
  })
})

test('a seed comes after all migrations', () => {
  const failure = describePushFailure('', `${stderr}Seeding data from supabase/seed.sql...\nERROR: no`)
  expect(failure.file).toBe('supabase/seed.sql')
})

test('the reason of an output without JSON is the output', () => {
  expect(describePushFailure('', 'failed to connect')).toEqual({ reason: 'failed to connect' })
})
