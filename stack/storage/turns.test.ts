import { describe, expect, it } from 'vitest'
import { Turns } from './turns.ts'

describe('work in turns', () => {
  it('of one key runs one after the other, also after a failure, and other keys do not wait', async () => {
    const turns = new Turns()
    const log: string[] = []
    const first = Promise.withResolvers<void>()
    const run = (key: string, name: string, until?: Promise<void>) =>
      turns.take(key, async () => {
        log.push(`${name} begins`)
        await until
        log.push(`${name} ends`)
        if (name === 'failing') throw new Error('failed')
        return name
      })
    const waiting = [run('ann', 'failing', first.promise), run('ann', 'second'), run('ann', 'third')]
    expect(await run('bob', 'other')).toBe('other')
    expect(log).toEqual(['failing begins', 'other begins', 'other ends'])
    first.resolve()
    const ended = await Promise.allSettled(waiting)
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(log.slice(3)).toEqual([
      'failing ends',
      'second begins',
      'second ends',
      'third begins',
      'third ends',
    ])
  })
})
