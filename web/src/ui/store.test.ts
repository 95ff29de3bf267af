import { effect } from '@preact/signals'
import { describe, expect, it, vi } from 'vitest'
import { atMostEvery, signalOf } from './store.ts'

class Counter {
  state = 0
  readonly listeners = new Set<() => void>()

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  become(state: number): void {
    this.state = state
    for (const listener of this.listeners) listener()
  }
}

describe('signalOf', () => {
  it('tells a reader of every state of the store', () => {
    const store = new Counter()
    const counted = signalOf(store)
    const seen: number[] = []
    const stop = effect(() => {
      seen.push(counted.value)
    })
    store.become(1)
    store.become(2)
    stop()
    expect(seen).toEqual([0, 1, 2])
  })

  it('tells the first reader of what changed before there was one', () => {
    const store = new Counter()
    const counted = signalOf(store)
    store.become(7)
    let seen = 0
    const stop = effect(() => {
      seen = counted.value
    })
    stop()
    expect(seen).toBe(7)
  })

  it('listens to the store once for all readers, and not at all without one', () => {
    const store = new Counter()
    const counted = signalOf(store)
    expect(store.listeners.size).toBe(0)
    const stops = [1, 2, 3].map(() => effect(() => void counted.value))
    expect(store.listeners.size).toBe(1)
    for (const stop of stops) stop()
    expect(store.listeners.size).toBe(0)
  })
})

describe('atMostEvery', () => {
  it('tells of the first change at once, of those that follow together, and of none twice', () => {
    vi.useFakeTimers()
    const store = new Counter()
    const seen: number[] = []
    const stop = atMostEvery(200, store).subscribe(() => seen.push(store.state))
    for (const state of [1, 2, 3]) store.become(state)
    expect(seen).toEqual([1])
    vi.advanceTimersByTime(200)
    expect(seen).toEqual([1, 3])
    vi.advanceTimersByTime(1_000)
    store.become(4)
    expect(seen).toEqual([1, 3, 4])
    store.become(5)
    stop()
    vi.advanceTimersByTime(1_000)
    expect(seen).toEqual([1, 3, 4])
    expect([store.listeners.size, vi.getTimerCount()]).toEqual([0, 0])
    vi.useRealTimers()
  })
})
