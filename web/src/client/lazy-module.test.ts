import { describe, expect, it, vi } from 'vitest'
import { LazyModule } from './lazy-module.ts'

describe('a part', () => {
  it('is loaded once, at its first use; callers are called in order, also those added by a caller', async () => {
    const load = vi.fn(async () => 'part')
    const part = new LazyModule(load)
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

  it('that cannot be loaded is tried again, and all callers still get the module', async () => {
    vi.useFakeTimers()
    const load = vi.fn(async () => 'part').mockRejectedValueOnce(new TypeError('Importing a module failed.'))
    const part = new LazyModule(load)
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

  it('is loaded from other URLs where a browser remembers that the first one failed', async () => {
    vi.useFakeTimers()
    const url = 'https://example.org/assets/part.js'
    const failed = new TypeError(`Failed to fetch dynamically imported module: ${url}`)
    const load = vi.fn(() => Promise.reject(failed))
    const loadFrom = vi.fn(async (_url: string) => 'part').mockRejectedValueOnce(failed)
    const part = new LazyModule(load, loadFrom)
    const ready = part.ready()
    await vi.advanceTimersByTimeAsync(4_000)
    expect(await ready).toBe('part')
    expect(load).toHaveBeenCalledTimes(1)
    expect(loadFrom.mock.calls).toEqual([[`${url}?attempt=2`], [`${url}?attempt=3`]])
    vi.useRealTimers()
  })

  it('is tried again only once a caller waits for the module', async () => {
    vi.useFakeTimers()
    const load = vi.fn(async () => 'part')
    load.mockRejectedValueOnce(new TypeError('Importing a module failed.'))
    const part = new LazyModule(load)
    const calls: string[] = []
    const stopWaiting = part.use(() => calls.push('gone'))
    await vi.advanceTimersByTimeAsync(0)
    stopWaiting()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(load).toHaveBeenCalledTimes(1)
    part.use(() => calls.push('next'))
    await vi.advanceTimersByTimeAsync(0)
    expect([calls, load.mock.calls.length]).toEqual([['next'], 2])
    vi.useRealTimers()
  })

  it('is given to the other callers when one caller throws, and the error is reported', async () => {
    const uncaught: unknown[] = []
    vi.stubGlobal('queueMicrotask', (task: () => void) => {
      try {
        task()
      } catch (cause) {
        uncaught.push(cause)
      }
    })
    const part = new LazyModule(async () => 'part')
    const broken = new Error('broken page')
    const calls: string[] = []
    part.use(() => {
      throw broken
    })
    part.use(() => calls.push('second'))
    await part.ready()
    part.use(() => calls.push('later'))
    expect([calls, uncaught]).toEqual([['second', 'later'], [broken]])
    vi.unstubAllGlobals()
  })

  it('makes `ready` fail after 10 s', async () => {
    const limit = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal)
    const { promise, resolve } = Promise.withResolvers<string>()
    const part = new LazyModule(() => promise)
    const ready = part.ready()
    expect(timeout).toHaveBeenCalledWith(10_000)
    timeout.mockRestore()
    limit.abort(new Error('too long'))
    await expect(ready).rejects.toMatchObject({ code: 'client_unavailable' })
    resolve('part')
    expect(await part.ready()).toBe('part')
  })

  it('does not tell a failure to callers that have stopped waiting, also where the failure made them stop', async () => {
    vi.useFakeTimers()
    const part = new LazyModule<string>(() => Promise.reject(new TypeError('Importing a module failed.')))
    const told: string[] = []
    part.use(
      () => undefined,
      () => {
        told.push('first')
        stopSecond()
      },
    )
    const stopSecond = part.use(
      () => undefined,
      () => told.push('second'),
    )
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toEqual(['first'])
    vi.useRealTimers()
  })

  it('is not tried again after `ready` has failed', async () => {
    vi.useFakeTimers()
    const limit = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal)
    const load = vi.fn(() => Promise.reject(new TypeError('Importing a module failed.')))
    const ready = new LazyModule<string>(load).ready()
    timeout.mockRestore()
    limit.abort(new Error('too long'))
    await expect(ready).rejects.toMatchObject({ code: 'client_unavailable' })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(load).toHaveBeenCalledTimes(1)
    vi.useRealTimers()
  })
})
