import * as v from 'valibot'
import { expect, test } from 'vitest'
import { fittingEntries, readAs, unexpectedValue } from './read-as.ts'

const claim = v.object({ photos: v.array(v.object({ width: v.number() })) })

test('a value that fits the schema is returned without unknown fields', () => {
  expect(readAs(claim, { photos: [{ width: 1, height: 2 }], more: 1 }, unexpectedValue)).toEqual({
    photos: [{ width: 1 }],
  })
})

test.each([
  [{ photos: [{ width: 1 }, { width: 'wide' }] }, 'photos.1.width'],
  [{ photos: 1 }, 'photos'],
  [{}, 'photos'],
  ['a claim', ''],
])('%j is refused with the place of the wrong value', (value, field) => {
  expect(() => readAs(claim, value, unexpectedValue)).toThrow(expect.objectContaining({ field }))
})

test('the error does not have the value', () => {
  expect(() => readAs(claim, { photos: 'ana@example.com' }, unexpectedValue)).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('ana@') }),
  )
})

test('reading ends at the first wrong value', () => {
  let checked = 0
  const counted = v.pipe(
    v.unknown(),
    v.check(() => {
      checked += 1
      return false
    }),
  )
  expect(() => readAs(v.array(counted), new Array(10_000).fill(0), unexpectedValue)).toThrow()
  expect(checked).toBe(1)
})

test('entries that do not fit are left out of a list, and a value that is no list gives none', () => {
  const list = v.object({ photos: fittingEntries(v.object({ width: v.number() })) })
  expect(v.parse(list, { photos: [{ width: 1 }, { width: '2' }, null, 3] })).toEqual({
    photos: [{ width: 1 }],
  })
  expect(v.parse(list, { photos: {} })).toEqual({ photos: [] })
  expect(v.parse(list, {})).toEqual({ photos: [] })
})
