import { describe, expect, it } from 'vitest'
import { mentionedIn, offered, queryAt, withMention } from './mentions.ts'

const hanna = { userId: 'h', name: 'Hanna Handler' }
const eric = { userId: 'e', name: 'Éric Owner' }
const people = [hanna, eric]

describe('the name that is being typed', () => {
  it.each([
    ['@', 1, ''],
    ['Ask @han', 8, 'han'],
    ['Ask (@han', 9, 'han'],
    ['@Hanna Ha', 9, 'Hanna Ha'],
  ])('%j at %i is %j', (text, caret, expected) => {
    expect(queryAt(text, caret)?.text).toBe(expected)
  })

  it.each([
    ['no at sign', 5],
    ['mail@han', 8],
    ['@han\nnext', 9],
    [`@${'x'.repeat(60)}`, 61],
  ])('%j at %i is none', (text, caret) => {
    expect(queryAt(text, caret)).toBeNull()
  })
})

describe('people who are offered', () => {
  it.each([
    ['', ['Éric Owner', 'Hanna Handler']],
    ['e', ['Éric Owner']],
    ['hand', ['Hanna Handler']],
    ['anna', []],
  ])('for %j are %j', (text, expected) => {
    expect(offered(people, { start: 0, text }).map(({ name }) => name)).toEqual(expected)
  })
})

it('a chosen name takes the place of what was typed, and the caret follows it', () => {
  expect(withMention('Ask @han please', { start: 4, text: 'han' }, hanna)).toEqual({
    text: 'Ask @Hanna Handler please',
    caret: 19,
  })
})

it('a note mentions the chosen people whose names are still in it, each once', () => {
  expect(mentionedIn('@Hanna Handler and @Hanna Handler', [hanna, eric, hanna])).toEqual(['h'])
})
