import { describe, expect, it } from 'vitest'
import {
  createToastState,
  dismiss,
  elapse,
  LARGEST_COUNT,
  nextExpiry,
  pause,
  resume,
  show,
  type ToastState,
} from './store.ts'

const keys = (state: ToastState): string[] => state.toasts.map(({ key }) => key)
const start = createToastState(0)

describe('a toast', () => {
  it('stays five seconds unless told otherwise', () => {
    const state = show(
      show(start, { key: 'a', title: 'A' }, 0),
      { key: 'b', title: 'B', durationMs: 1_000 },
      0,
    )
    expect(keys(elapse(state, 999))).toEqual(['b', 'a'])
    expect(keys(elapse(state, 1_000))).toEqual(['a'])
    expect(keys(elapse(state, 5_000))).toEqual([])
  })

  it('of an error stays until it is dismissed', () => {
    const state = show(start, { key: 'a', title: 'A', type: 'error' }, 0)
    expect(nextExpiry(state)).toBeNull()
    expect(keys(elapse(state, 3_600_000))).toEqual(['a'])
    expect(keys(dismiss(state, 'a', 10))).toEqual([])
  })

  it('with the key of another replaces it where it stands, with a time of its own', () => {
    let state = show(start, { key: 'job', title: 'Started', durationMs: null }, 0)
    state = show(state, { key: 'other', title: 'Other' }, 0)
    state = show(state, { key: 'job', title: 'Done', type: 'success' }, 4_000)
    expect(state.toasts.map(({ key, title, revision }) => [key, title, revision])).toEqual([
      ['other', 'Other', 1],
      ['job', 'Done', 2],
    ])
    expect(keys(elapse(state, 8_999))).toEqual(['job'])
  })

  it('is not news when only its progress grows', () => {
    const first = show(start, { key: 'job', title: 'Working', progress: 10 }, 0)
    const second = show(first, { key: 'job', title: 'Working', progress: 60 }, 10)
    expect(second.toasts[0]).toMatchObject({ progress: 60, revision: 1 })
  })
})

it('keeps a limited number, the newest', () => {
  let state = start
  for (let n = 0; n <= LARGEST_COUNT; n += 1)
    state = show(state, { key: String(n), title: 'A', type: 'error' }, 0)
  expect([state.toasts.length, state.toasts[0]?.key, state.toasts.at(-1)?.key]).toEqual([
    LARGEST_COUNT,
    String(LARGEST_COUNT),
    '1',
  ])
})

describe('time', () => {
  it('stands still while any reason holds', () => {
    let state = show(start, { key: 'a', title: 'A' }, 0)
    state = pause(state, 'hover', 1_000)
    state = pause(state, 'hidden', 2_000)
    state = resume(state, 'hover', 50_000)
    expect(nextExpiry(state)).toBeNull()
    state = resume(state, 'hidden', 100_000)
    expect(nextExpiry(state)).toBe(4_000)
    expect(keys(elapse(state, 103_999))).toEqual(['a'])
    expect(keys(elapse(state, 104_000))).toEqual([])
  })

  it('does not run backwards with a clock that does', () => {
    const state = show(start, { key: 'a', title: 'A' }, 10_000)
    expect(elapse(state, 0).toasts[0]?.remaining).toBe(5_000)
  })

  it('names the next moment at which something runs out', () => {
    let state = show(start, { key: 'a', title: 'A', durationMs: 3_000 }, 0)
    state = show(state, { key: 'b', title: 'B', durationMs: 2_000 }, 500)
    expect(nextExpiry(state)).toBe(2_000)
  })
})

describe('what a page passes', () => {
  it('has a type and a time that make sense', () => {
    const given: [unknown, unknown, string, number | null][] = [
      ['fatal', undefined, 'info', 5_000],
      ['success', 0, 'success', null],
      ['success', Number.POSITIVE_INFINITY, 'success', null],
      ['warning', Number.NaN, 'warning', 5_000],
      ['info', -5, 'info', 5_000],
      ['error', undefined, 'error', null],
      ['error', 3_000, 'error', 3_000],
    ]
    for (const [type, durationMs, expectedType, remaining] of given) {
      // As a page in plain JavaScript would.
      const toast = JSON.parse('{"key":"a","title":"A"}')
      const [shown] = show(start, { ...toast, type, durationMs }, 0).toasts
      expect([shown?.type, shown?.remaining]).toEqual([expectedType, remaining])
    }
  })

  it('stays longer where there is something to click', () => {
    const [toast] = show(start, { key: 'a', title: 'A', actions: [{ label: 'Undo' }] }, 0).toasts
    expect(toast?.remaining).toBe(10_000)
  })
})
