import { describe, expect, it } from 'vitest'
import { loadConfig, parseConfig } from './config.ts'
import { incidentIdOf } from './route.ts'

const config = { supabaseUrl: 'http://127.0.0.1:54321', publishableKey: 'sb_publishable_x' }

describe('the configuration', () => {
  it('has a demo login only where e-mail and password are given', () => {
    expect(parseConfig(config)).toEqual({ ...config, demo: null })
    expect(parseConfig({ ...config, demo: { email: 'a@b.c' } }).demo).toBeNull()
    expect(parseConfig({ ...config, demo: { email: 'a@b.c', password: 'x' } }).demo).toEqual({
      email: 'a@b.c',
      password: 'x',
    })
  })

  it.each([null, [], {}, { ...config, supabaseUrl: 'nonsense' }, { ...config, publishableKey: '' }])(
    'refuses %j',
    (value) => {
      expect(() => parseConfig(value)).toThrow(TypeError)
    },
  )

  it('is read at run time', async () => {
    const asked: string[] = []
    const fetcher: typeof fetch = async (input) => {
      asked.push(String(input))
      return Response.json(config)
    }
    expect(await loadConfig(fetcher)).toEqual({ ...config, demo: null })
    expect(asked).toEqual(['/config.json'])
    await expect(loadConfig(async () => new Response('', { status: 404 }))).rejects.toThrow('404')
  })
})

it('reads the address', () => {
  expect(['#/incidents/abc', '#/incidents/abc?x=1', '#/', '', '#/incidents/'].map(incidentIdOf)).toEqual([
    'abc',
    'abc',
    null,
    null,
    null,
  ])
})
