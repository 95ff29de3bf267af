import { describe, expect, it } from 'vitest'
import { createCursorStore } from './cursor-store.ts'
import { FakeStorage } from './testing/fake-server.ts'

const ANNA = 'user-anna'

const at = (seq: number, epoch = 'epoch-1') => ({ epoch, seq })

/** Two tabs of one browser profile. */
function twoTabs() {
  const storage = new FakeStorage()
  return { storage, one: createCursorStore(storage), other: createCursorStore(storage) }
}

describe('the cursor of a user', () => {
  it('is the highest number that any tab has reached', () => {
    const { one, other } = twoTabs()
    one.advance(ANNA, at(1))
    other.advance(ANNA, at(5))
    one.advance(ANNA, at(3))
    expect([one.read(ANNA), other.read(ANNA)]).toEqual([at(5), at(5)])
    expect(one.read('user-ben')).toBeNull()
  })

  it('moves to another epoch, and back to a lower number where the table was set back', () => {
    const { one } = twoTabs()
    one.advance(ANNA, at(5))
    one.advance(ANNA, at(2, 'epoch-2'))
    expect(one.read(ANNA)).toEqual(at(2, 'epoch-2'))
    one.reset(ANNA, at(1, 'epoch-2'))
    expect(one.read(ANNA)).toEqual(at(1, 'epoch-2'))
  })

  it('is kept by the page while storage is blocked, or holds something else', () => {
    const { storage, one } = twoTabs()
    storage.blocked = true
    one.advance(ANNA, at(3))
    expect(one.read(ANNA)).toEqual(at(3))
    storage.blocked = false
    for (const key of ['claimwire:cursor:user-anna'])
      for (const text of ['', '{', '[]', '{"epoch":1,"seq":2}', '{"epoch":"epoch-1","seq":-1}']) {
        storage.values.set(key, text)
        expect(one.read(ANNA)).toEqual(at(3))
      }
  })
})
