import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Presence } from './presence.ts'

const meta = (ref: string, userId: string) => ({ phx_ref: ref, userId })
const entry = (...metas: object[]) => ({ metas })

describe('who is on a topic', () => {
  it('are the users of the state, each once and in order', () => {
    const presence = new Presence()
    const state = { k1: entry(meta('1', 'zoe'), meta('2', 'ann')), k2: entry(meta('3', 'ann')) }
    expect(presence.replace(state)).toEqual(['ann', 'zoe'])
    expect(presence.replace({})).toEqual([])
  })

  it('changes by joins and leaves; a user leaves with their last device', () => {
    const presence = new Presence()
    presence.replace({ k1: entry(meta('1', 'ann')) })
    expect(presence.change({ joins: { k2: entry(meta('2', 'ann')) }, leaves: {} })).toEqual(['ann'])
    expect(presence.change({ joins: {}, leaves: { k1: entry(meta('1', 'ann')) } })).toEqual(['ann'])
    expect(presence.change({ joins: {}, leaves: { k2: entry(meta('2', 'ann')) } })).toEqual([])
  })

  it('stays where an update takes one entry for another', () => {
    const presence = new Presence()
    presence.replace({ k: entry(meta('1', 'ann')) })
    const update = {
      joins: { k: entry({ ...meta('2', 'ann'), phx_ref_prev: '1' }) },
      leaves: { k: entry(meta('1', 'ann')) },
    }
    expect(presence.change(update)).toEqual(['ann'])
    expect(presence.change({ joins: {}, leaves: { k: entry(meta('2', 'ann')) } })).toEqual([])
  })

  it('takes changes that come before the state as changes of it', () => {
    const presence = new Presence()
    expect(presence.change({ joins: { b: entry(meta('2', 'bob')) }, leaves: {} })).toBeNull()
    expect(presence.change({ joins: {}, leaves: { a: entry(meta('1', 'ann')) } })).toBeNull()
    expect(presence.replace({ a: entry(meta('1', 'ann')), c: entry(meta('3', 'cid')) })).toEqual([
      'bob',
      'cid',
    ])
  })

  it('is the same for a whole state and for any sequence of changes', () => {
    const people = fc.uniqueArray(fc.tuple(fc.uuid(), fc.constantFrom('ann', 'bob', 'cid')), {
      selector: ([ref]) => ref,
    })
    fc.assert(
      fc.property(people, people, fc.nat(), (before, after, seed) => {
        const presence = new Presence()
        const stateOf = (list: typeof before) =>
          Object.fromEntries(list.map(([ref, user], index) => [`${index}`, entry(meta(ref, user))]))
        presence.replace(stateOf(before))
        const added = after.filter(([ref]) => !before.some(([known]) => known === ref))
        const left = before.filter((_, index) => (index + seed) % 2 === 0)
        let seen: string[] | null = []
        for (const person of added) seen = presence.change({ joins: stateOf([person]), leaves: {} })
        seen = presence.change({ joins: {}, leaves: stateOf(left) })
        const there = [...before.filter((person) => !left.includes(person)), ...added]
        expect(seen).toEqual([...new Set(there.map(([, user]) => user))].sort())
      }),
    )
  })

  it.each([null, [], { a: null }, { a: { metas: 'x' } }, { a: entry({ userId: 1 }) }])(
    'is empty for a payload of another form (%j)',
    (state) => {
      expect(new Presence().replace(state)).toEqual([])
    },
  )
})
