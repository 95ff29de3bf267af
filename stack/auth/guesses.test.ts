import { expect, test } from 'vitest'
import { createGuesses } from './guesses.ts'
import { createMailBudget } from './mail-budget.ts'

const HOUR_MS = 3_600_000

test('an hour after the first attempt an address may be tried again', () => {
  let now = 0
  const guesses = createGuesses({ codeTries: 2, codeTriesPerHour: 3 }, () => now)
  const attempts = (): string[] => {
    guesses.renewed('a')
    return [guesses.attempt('a'), guesses.attempt('a'), guesses.attempt('a')]
  }
  expect(attempts()).toEqual(['allowed', 'allowed', 'code_locked'])
  expect(attempts()).toEqual(['allowed', 'address_locked', 'address_locked'])
  now = HOUR_MS - 1
  expect(attempts()).toEqual(['address_locked', 'address_locked', 'address_locked'])
  now = HOUR_MS
  expect(attempts()).toEqual(['allowed', 'allowed', 'code_locked'])
})

test('a right code takes the attempts back', () => {
  const guesses = createGuesses({ codeTries: 2, codeTriesPerHour: 3 })
  guesses.attempt('a')
  guesses.attempt('a')
  guesses.right('a')
  expect(guesses.attempt('a')).toBe('allowed')
})

test('addresses do not share their attempts, and the oldest address makes room', () => {
  const guesses = createGuesses({ codeTries: 1, codeTriesPerHour: 1 })
  guesses.attempt('first')
  expect(guesses.attempt('first')).toBe('address_locked')
  for (let n = 0; n < 10_000; n++) expect(guesses.attempt(`a${n}`)).toBe('allowed')
  expect(guesses.attempt('first')).toBe('allowed')
})

test('the mails of an hour may be sent at once, then as many as the time allows', () => {
  let now = 0
  const budget = createMailBudget(2, () => now)
  expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false])
  now = HOUR_MS / 2
  expect([budget.take(), budget.take()]).toEqual([true, false])
})
