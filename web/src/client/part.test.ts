import { describe, expect, it, vi } from 'vitest'
import { Part } from './part.ts'

describe('a part', () => {
  it('is loaded once, when it is first used; who uses it is called in order, also from within', async () => {
    const load = vi.fn(async () => 'part')
    const part = new Part(load)
    expect(load).not.toHaveBeenCalled()
    const calls: string[] = []
    part.use(() => {
      calls.push('first')
      part.use(() => calls.push('from within'))
    })
    part.use(() => calls.push('second'))
    expect(calls).toEqual([])
    expect(await part.ready()).toBe('part')
    expect(calls).toEqual(['first', 'second', 'from within'])
    part.use(() => calls.push('at once'))
    expect(calls.at(-1)).toBe('at once')
    expect(load).toHaveBeenCalledTimes(1)
  })

  it('that cannot be loaded is tried again, and everybody still gets it', async () => {
    vi.useFakeTimers()
    const load = vi.fn(async () => 'part').mockRejectedValueOnce(new TypeError('Importing a module failed.'))
    const part = new Part(load)
    const got: string[] = []
    part.use(
      (loaded) => got.push(loaded),
      ({ code }) => got.push(code),
    )
    await vi.advanceTimersByTimeAsync(1_000)
    expect([got, load.mock.calls.length]).toEqual([['client_unavailable'], 1])
    await vi.advanceTimersByTimeAsync(1_000)
    expect([got, load.mock.calls.length]).toEqual([['client_unavailable', 'part'], 2])
    vi.useRealTimers()
  })

  it('is looked for under other URLs where a browser remembers that the first one failed', async () => {
    vi.useFakeTimers()
    const url = 'https://example.org/assets/part.js'
    const failed = new TypeError(`Failed to fetch dynamically imported module: ${url}`)
    const load = vi.fn(() => Promise.reject(failed))
    const loadFrom = vi.fn(async (_url: string) => 'part').mockRejectedValueOnce(failed)
    const part = new Part(load, loadFrom)
    const ready = part.ready()
    await vi.advanceTimersByTimeAsync(4_000)
    expect(await ready).toBe('part')
    expect(load).toHaveBeenCalledTimes(1)
    expect(loadFrom.mock.calls).toEqual([[`${url}?attempt=2`], [`${url}?attempt=3`]])
    vi.useRealTimers()
  })

  it('comes to everybody, although one of them throws; which is not hidden', async () => {
    const uncaught: (() => void)[] = []
    vi.stubGlobal('queueMicrotask', (thrown: () => void) => uncaught.push(thrown))
    const part = new Part(async () => 'part')
    const got: string[] = []
    part.use(() => {
      throw new Error('mine')
    })
    part.use((loaded) => got.push(loaded))
    await part.ready()
    part.use((loaded) => got.push(loaded))
    vi.unstubAllGlobals()
    expect(got).toEqual(['part', 'part'])
    expect(uncaught).toHaveLength(1)
    expect(uncaught[0]).toThrow('mine')
  })
})
