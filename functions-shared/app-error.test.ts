import { expect, test } from 'vitest'
import { AppError } from './app-error.ts'
import { ERROR_CODES } from './error-codes.ts'

test('carries the code, its status and its public message', () => {
  const error = new AppError('user_unknown')
  expect(error).toMatchObject({ name: 'AppError', code: 'user_unknown', ...ERROR_CODES.user_unknown })
})

test('tells callers details, but nothing of the cause, and no detail hides code or message', () => {
  const cause = new Error('password=secret at 10.0.0.1')
  const error = new AppError('internal_error', { cause, details: { field: 'a', code: 'x', message: 'y' } })
  expect(error.cause).toBe(cause)
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    error: { field: 'a', code: 'internal_error', message: ERROR_CODES.internal_error.message },
  })
})
