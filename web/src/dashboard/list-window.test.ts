import { describe, expect, it } from 'vitest'
import { windowOf } from './list-window.ts'

const rows = (count: number, height = 10): number[] => Array.from({ length: count }, () => height)

describe('windowOf', () => {
  it('draws what is on the screen, and leaves room for the rest', () => {
    expect(windowOf(rows(100), { from: 200, to: 300 })).toEqual({
      first: 20,
      end: 31,
      before: 200,
      after: 690,
    })
  })

  it('draws a short list as a whole', () => {
    expect(windowOf(rows(3), { from: -500, to: 900 })).toEqual({ first: 0, end: 3, before: 0, after: 0 })
    expect(windowOf([], { from: 0, to: 900 })).toEqual({ first: 0, end: 0, before: 0, after: 0 })
  })

  it('goes by the height of each row', () => {
    expect(windowOf([100, 10, 10, 10], { from: 105, to: 115 })).toEqual({
      first: 1,
      end: 3,
      before: 100,
      after: 10,
    })
  })

  it('draws the end of a list that has become shorter than what was scrolled', () => {
    expect(windowOf(rows(5), { from: 900, to: 1_900 })).toEqual({ first: 4, end: 5, before: 40, after: 0 })
  })

  it.each([
    [5, 0, 31],
    [15, 5, 31],
    [50, 20, 61],
    [25, 15, 36],
    [900, 20, 31],
  ])('keeps row %i, which has the focus, and its neighbours where it is near', (keep, first, end) => {
    expect(windowOf(rows(1_000), { from: 200, to: 300 }, keep)).toMatchObject({ first, end })
  })

  it('leaves the height of the list as it is, wherever it is scrolled to', () => {
    const heights = Array.from({ length: 500 }, (_, n) => 40 + (n % 7) * 9)
    const whole = heights.reduce((total, height) => total + height, 0)
    for (let from = -800; from < whole + 800; from += 333) {
      const { first, end, before, after } = windowOf(heights, { from, to: from + 1_000 })
      const drawn = heights.slice(first, end).reduce((total, height) => total + height, 0)
      expect(before + drawn + after).toBe(whole)
    }
  })
})
