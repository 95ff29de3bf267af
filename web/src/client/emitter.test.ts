import { describe, expect, it } from 'vitest'
import { Emitter } from './emitter.ts'

interface Events {
  tick: [number]
}

function setup() {
  const failures: unknown[] = []
  const emitter = new Emitter<Events>((event, cause) => failures.push([event, cause]))
  const calls: string[] = []
  return { emitter, failures, calls }
}

describe('listeners', () => {
  it('that are removed during an event are not called any more', () => {
    const { emitter, calls } = setup()
    emitter.on('tick', () => off())
    const off = emitter.on('tick', () => calls.push('removed'))
    emitter.on('tick', () => calls.push('last'))
    emitter.emit('tick', 1)
    expect(calls).toEqual(['last'])
  })

  it('that are added during an event hear the next one', () => {
    const { emitter, calls } = setup()
    const off = emitter.on('tick', () => {
      off()
      emitter.on('tick', (n) => calls.push(`added ${n}`))
    })
    emitter.emit('tick', 1)
    emitter.emit('tick', 2)
    expect(calls).toEqual(['added 2'])
  })

  it('that throw are reported, and the other listeners are called', () => {
    const { emitter, failures, calls } = setup()
    const cause = new Error('broken page')
    emitter.on('tick', () => {
      throw cause
    })
    emitter.on('tick', () => calls.push('other'))
    emitter.emit('tick', 1)
    expect([calls, failures]).toEqual([['other'], [['tick', cause]]])
  })

  it('are called once, however often they were added', () => {
    const { emitter, calls } = setup()
    const listener = (): void => void calls.push('tick')
    emitter.on('tick', listener)
    emitter.on('tick', listener)
    emitter.emit('tick', 1)
    expect(calls).toEqual(['tick'])
  })

  it('for the next time only are called once, and can be removed like any other', () => {
    const { emitter, calls } = setup()
    const once = (n: number): void => void calls.push(`once ${n}`)
    const removed = (): void => void calls.push('removed')
    emitter.once('tick', once)
    emitter.once('tick', removed)
    emitter.off('tick', removed)
    emitter.once('tick', removed)()
    emitter.on('tick', (n) => {
      if (n === 1) emitter.emit('tick', 2)
    })
    emitter.emit('tick', 1)
    expect(calls).toEqual(['once 1'])
  })

  it('that are added with `on` stay so after the same function was added with `once`', () => {
    const { emitter, calls } = setup()
    const listener = (n: number): void => void calls.push(`${n}`)
    emitter.on('tick', listener)
    emitter.once('tick', listener)
    emitter.emit('tick', 1)
    emitter.emit('tick', 2)
    expect(calls).toEqual(['1', '2'])
  })
})
