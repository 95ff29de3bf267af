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
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const load = vi.fn(async () => 'part').mockRejectedValueOnce(new TypeError('Failed to fetch'))
    const part = new Part(load)
    const got: string[] = []
    part.use((loaded) => got.push(loaded))
    await vi.advanceTimersByTimeAsync(1_000)
    expect([got, load.mock.calls.length, warn.mock.calls.length]).toEqual([[], 1, 1])
    await vi.advanceTimersByTimeAsync(1_000)
    expect([got, load.mock.calls.length]).toEqual([['part'], 2])
    warn.mockRestore()
    vi.useRealTimers()
  })
})
