import { expect, test } from 'vitest'
import { refusalWords } from './tus-transfer.ts'

test.each([
  [0, '', null],
  [403, 'too_many_uploads', null],
  [403, 'new row violates row-level security policy', 'You may not add files to this incident.'],
  [413, 'Maximum size exceeded', 'The file is larger than 25 MB.'],
  [423, 'locked', null],
  [500, 'internal', null],
])('a refusal with status %i and body %j is told as %j; null is tried again', (status, body, words) => {
  expect(refusalWords(status, body)).toBe(words)
})
