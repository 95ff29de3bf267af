import { describe, expect, it } from 'vitest'
import { SerialTasks } from './serial.ts'

describe('serial tasks', () => {
  it('run at once without a task before them, else in order', async () => {
    const log: string[] = []
    const tasks = new SerialTasks(() => undefined)
    tasks.run(() => void log.push('first'))
    expect(log).toEqual(['first'])
    const gate = Promise.withResolvers<void>()
    tasks.run(async () => {
      await gate.promise
      log.push('second')
    })
    const done = Promise.withResolvers<void>()
    tasks.run(() => void log.push('third'))
    tasks.run(() => done.resolve())
    expect(log).toEqual(['first'])
    gate.resolve()
    await done.promise
    expect(log).toEqual(['first', 'second', 'third'])
  })

  it('go on after a task that throws or rejects', async () => {
    const failures: unknown[] = []
    const tasks = new SerialTasks((error) => failures.push(error))
    const done = Promise.withResolvers<void>()
    tasks.run(() => {
      throw new Error('at once')
    })
    tasks.run(() => Promise.reject(new Error('later')))
    tasks.run(() => done.resolve())
    await done.promise
    expect(failures).toEqual([new Error('at once'), new Error('later')])
  })
})
