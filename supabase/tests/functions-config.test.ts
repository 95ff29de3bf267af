/** What the Edge Functions import is what npm has installed, so that one lock file rules both. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import lock from '../../package-lock.json' with { type: 'json' }

const FUNCTIONS = join(import.meta.dirname, '..', 'functions')
const SPECIFIER = /npm:\/?((?:@[\w.-]+\/)?[\w.-]+)@(\d[\w.+-]*)/g

const installed: ReadonlyMap<string, string> = new Map(
  Object.entries(lock.packages).flatMap(([path, entry]): [string, string][] => {
    const version: unknown = Reflect.get(entry, 'version')
    return path.startsWith('node_modules/') && typeof version === 'string'
      ? [[path.slice('node_modules/'.length), version]]
      : []
  }),
)

const files = readdirSync(FUNCTIONS, { recursive: true, encoding: 'utf8' })
const configs = files.filter((file) => /(?:^|\/)deno\.json$/.test(file))
const sources = files.filter((file) => file.endsWith('.ts'))
const read = (file: string) => readFileSync(join(FUNCTIONS, file), 'utf8')
const config = (file: string): unknown => JSON.parse(read(file))

test('every function has a configuration of its own', () => {
  const functions = files
    .filter((file) => /^[^_/][^/]*\/index\.ts$/.test(file))
    .map((file) => file.split('/')[0])
  expect(functions.length).toBeGreaterThan(0)
  expect(configs.map((file) => file.split('/')[0])).toEqual(expect.arrayContaining(functions))
})

describe.each([...configs, ...sources.filter((file) => read(file).includes('npm:'))])('%s', (file) => {
  test('imports the installed versions', () => {
    const imports = [...read(file).matchAll(SPECIFIER)]
    expect(imports.length).toBeGreaterThan(0)
    for (const [specifier, name = '', version] of imports) {
      expect({ specifier, version }).toEqual({ specifier, version: installed.get(name) })
    }
  })
})

describe.each(configs)('%s', (file) => {
  test('names an exact npm version for each import', () => {
    for (const target of Object.values(Object(Reflect.get(Object(config(file)), 'imports')))) {
      expect(target).toMatch(new RegExp(`^${SPECIFIER.source}/?$`))
    }
  })

  test('has the same strict compiler options as the others', () => {
    const options = (name: string): unknown => Reflect.get(Object(config(name)), 'compilerOptions')
    expect(options(file)).toEqual(options(configs[0] ?? ''))
    expect(options(file)).toMatchObject({ strict: true, noUncheckedIndexedAccess: true })
  })
})
