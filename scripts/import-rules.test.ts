import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** Which folders of ours a folder may import from, beside itself. Everything else is a violation. */
const ALLOWED: Record<string, readonly string[]> = {
  'functions-shared': [],
  samples: [],
  web: ['functions-shared'],
  'supabase/functions': ['functions-shared'],
  'supabase/tests': ['functions-shared', 'stack/testing'],
  stack: ['functions-shared'],
  scripts: ['functions-shared', 'samples', 'stack', 'web'],
  e2e: ['functions-shared', 'samples', 'stack', 'web', 'scripts'],
  bench: ['functions-shared', 'samples', 'stack', 'web', 'scripts', 'e2e'],
}

/** Foreign pages load these: no framework comes with them. */
const WITHOUT_FRAMEWORK = ['client', 'drop-in', 'react', 'shared', 'status', 'toasts'].map(
  (name) => `web/src/${name}`,
)
const FRAMEWORK = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"]((?:preact|@preact|@tanstack)[/'"]|[^'"]*\/ui\/)/

/** Files that every folder may import. */
const OPEN_FILES = ['package.json', 'package-lock.json']

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])(\.{1,2}\/[^'"]+)\1/g

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(^|\/)(node_modules|dist|\.temp)\//.test(path))
}

function importsOf(source: string, path: string): string[] {
  return [...source.matchAll(IMPORT)].map(([, , target = '']) =>
    relative(root, resolve(root, dirname(path), target))
      .split(sep)
      .join('/'),
  )
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** The violations of one file, as sentences. */
function violations(path: string, source: string): string[] {
  const area = Object.keys(ALLOWED).find((folder) => isInside(path, folder))
  if (area === undefined) return []
  const found = area === 'functions-shared' ? packageViolations(path, source) : []
  if (WITHOUT_FRAMEWORK.some((folder) => isInside(path, folder)) && FRAMEWORK.test(source))
    found.push(`${path} may not import a framework`)
  for (const target of importsOf(source, path)) {
    if (!/\.(ts|tsx|js|mjs|json|css|sql|wasm)(\?\w+)?$/.test(target)) {
      found.push(`${path} imports ${target} without an extension`)
    }
    if (OPEN_FILES.includes(target)) continue
    const allowed = isInside(target, area) || (ALLOWED[area] ?? []).some((folder) => isInside(target, folder))
    if (!allowed) found.push(`${path} (${area}) may not import ${target}`)
    if (area === 'supabase/functions') found.push(...functionViolations(path, target))
  }
  return found
}

/** Packages that `functions-shared` may import; its tests may import any. */
const SHARED_PACKAGES = ['valibot']
const PACKAGE = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([^.'"][^'"]*)\1/g

function packageViolations(path: string, source: string): string[] {
  if (path.endsWith('.test.ts')) return []
  return [...source.matchAll(PACKAGE)]
    .map(([, , name = '']) => name)
    .filter((name) => !SHARED_PACKAGES.includes(name))
    .map((name) => `${path} may not import the package ${name}`)
}

/** A function imports only itself, `_shared` and `functions-shared`; `_shared` imports no function. */
function functionViolations(path: string, target: string): string[] {
  const prefix = 'supabase/functions/'
  if (!target.startsWith(prefix)) return []
  const own = path.slice(prefix.length).split('/')[0]
  const other = target.slice(prefix.length).split('/')[0]
  return other === own || other === '_shared' ? [] : [`${path} may not import another function: ${target}`]
}

/** Groups of files that import each other, directly or through others; a file that imports itself is a group of one. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const reachable = new Map([...imports.keys()].map((path) => [path, reach(path, imports)]))
  const groups = new Map<string, string[]>()
  for (const [path, targets] of reachable) {
    if (!targets.has(path)) continue
    const group = [...targets].filter((target) => reachable.get(target)?.has(path)).sort()
    groups.set(group.join(), group)
  }
  return [...groups.values()].sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
}

/** Every file that `start` imports, directly or through others. */
function reach(start: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>()
  const waiting = [...(imports.get(start) ?? [])]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue
    found.add(path)
    waiting.push(...(imports.get(path) ?? []))
  }
  return found
}

/** Files that quote imports: this one, and the templates of a function's files. */
const QUOTING = ['scripts/import-rules.test.ts', 'scripts/new-kind/templates.ts']

const sources = new Map(
  Object.keys(ALLOWED)
    .flatMap(sourceFiles)
    .filter((path) => !QUOTING.includes(path))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
)

test('every import stays within the rules', () => {
  expect(sources.size).toBeGreaterThan(20)
  expect([...sources].flatMap(([path, source]) => violations(path, source))).toEqual([])
})

test('no circular imports, type imports included', () => {
  const imports = new Map([...sources].map(([path, source]) => [path, importsOf(source, path)]))
  expect(circles(imports)).toEqual([])
})

test.each([
  ['two files', { a: ['b'], b: ['a'] }, [['a', 'b']]],
  ['a file that imports itself', { a: ['a'] }, [['a']]],
  ['a way through others', { a: ['b', 'd'], b: ['c'], c: ['a'], d: [] }, [['a', 'b', 'c']]],
  [
    'two circles that share no file',
    { a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'] },
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['two ways to one file', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
])('circles of %s are found', (_name, imports, expected) => {
  expect(circles(new Map(Object.entries<string[]>(imports)))).toEqual(expected)
})

test.each([
  ['functions-shared/a.ts', "import { x } from '../stack/b.ts'"],
  ['functions-shared/a.ts', "import { readFileSync } from 'node:fs'"],
  ['web/src/a.ts', "import type { x } from '../../stack/types.ts'"],
  ['stack/a.ts', "export { x } from '../web/src/x.ts'"],
  ['stack/a.ts', "const x = await import('../web/src/x.ts')"],
  ['supabase/functions/health/index.ts', "import { x } from '../process-image/handler.ts'"],
  ['supabase/functions/_shared/a.ts', "import { x } from '../health/handler.ts'"],
  ['web/src/a.ts', "import './styles'"],
  ['web/src/toasts/a.ts', "import { signal } from '@preact/signals'"],
  ['web/src/shared/a.ts', "import { mount } from '../ui/mount.ts'"],
  ['samples/a.ts', "import { x } from '../scripts/browser.ts'"],
  ['scripts/a.ts', "import { x } from '../e2e/support/proxy.ts'"],
  ['scripts/a.ts', "import { x } from '../bench/support/pace.ts'"],
  ['e2e/a.ts', "import { x } from '../bench/support/pace.ts'"],
])('%s: a forbidden import is found (%s)', (path, source) => {
  expect(violations(path, source)).not.toEqual([])
})

test.each([
  ['functions-shared/a.ts', "import * as v from 'valibot'"],
  ['functions-shared/a.test.ts', "import { readFileSync } from 'node:fs'"],
  ['web/src/a.ts', "import { userTopic } from '../../functions-shared/topics.ts'"],
  ['supabase/functions/health/index.ts', "import { x } from '../_shared/env.ts'"],
  ['stack/a/b.ts', "import type { Stack } from '../types.ts'"],
  ['web/src/dashboard/a.tsx', "import { useState } from 'preact/hooks'"],
  ['web/src/react/a.ts', "import { useState } from 'react'"],
])('%s: an allowed import passes (%s)', (path, source) => {
  expect(violations(path, source)).toEqual([])
})
