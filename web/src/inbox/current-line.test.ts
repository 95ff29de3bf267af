import { describe, expect, it } from 'vitest'
import { CurrentLine } from './current-line.ts'

const line = (thread: string) => ({ thread })
const LINES = ['a', 'b', 'c'].map(line)

describe('the current line', () => {
  it('is the first one at the beginning, and none in an empty list', () => {
    expect(new CurrentLine().among(LINES)?.thread).toBe('a')
    expect(new CurrentLine().among([])).toBeUndefined()
  })

  it.each([
    ['b', 1, 'c'],
    ['b', -1, 'a'],
    ['c', 1, 'c'],
    ['a', -1, 'a'],
    ['a', Number.POSITIVE_INFINITY, 'c'],
    ['c', Number.NEGATIVE_INFINITY, 'a'],
  ])('%s moved by %d is %s', (from, lines, to) => {
    const current = new CurrentLine()
    current.set(from)
    current.move(LINES, lines)
    expect(current.among(LINES)?.thread).toBe(to)
  })

  it('stays the same job when a line comes in above, and is the first where that job has left', () => {
    const current = new CurrentLine()
    current.set('b')
    expect(current.among([line('new'), ...LINES])?.thread).toBe('b')
    expect(current.among([line('c'), line('d')])?.thread).toBe('c')
  })
})
