/**
 * Licences of the packages that the Edge Functions and the browser's bundles contain, and that the embedded stack runs
 * on, with their dependencies. Part of `npm run check`: a licence that is neither permissive nor named in `docs/licences.md` fails.
 *
 *   node scripts/run.mjs licences.ts           checks
 *   node scripts/run.mjs licences.ts --list    prints every package with its licence
 */

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { functionFolders } from './deno.ts'
import type { LockFile } from './lock-file.ts'
import { ROOT } from './process.ts'

/** Licences that ask for no more than their text and the names of the authors. */
const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
  'Zlib',
])

interface UsedPackage {
  name: string
  version: string
  licence: string
  /** Functions and bundles that contain the package, `embedded stack` where that one needs the package. */
  usedBy: Set<string>
}

const lock: LockFile = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
const DOCUMENT = join(ROOT, 'docs/licences.md')
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"]((?:@[\w-]+\/)?[a-z][\w.-]*)[^'"]*['"]/g
const NOT_USED = /(^|\/)testing\/|[._]test\.tsx?$|\.d\.ts$/

/** Packages that the sources of `folders` import by name, tests left out. */
function importedPackages(folders: readonly string[]): string[] {
  const files = folders
    .flatMap((folder) => globSync(`${folder}/**/*.{ts,tsx}`, { cwd: ROOT }))
    .filter((path) => !NOT_USED.test(path))
  const names = files.flatMap((path) =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(IMPORT)].map(([, name = '']) => name),
  )
  return [...new Set(names)].filter((name) => `node_modules/${name}` in lock.packages)
}

/** Adds the package at `path` of the lock file and all that it depends on. */
function addWithDependencies(path: string, user: string, found: Map<string, UsedPackage>): void {
  const known = found.get(path)
  if (known?.usedBy.has(user)) return
  const entry = lock.packages[path]
  if (entry === undefined) return
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const used = known ?? {
    name,
    version: entry.version ?? '',
    licence: licenceOf(path, entry.license),
    usedBy: new Set<string>(),
  }
  used.usedBy.add(user)
  found.set(path, used)
  for (const dependency of Object.keys(entry.dependencies ?? {})) {
    const target = resolveDependency(path, dependency)
    if (target !== undefined) addWithDependencies(target, user, found)
  }
}

/** As Node resolves `name` from the package at `path`: the innermost `node_modules` first. */
function resolveDependency(path: string, name: string): string | undefined {
  for (let base = path; ; base = base.slice(0, base.lastIndexOf('/node_modules/'))) {
    const candidate = `${base}/node_modules/${name}`
    if (candidate in lock.packages) return candidate
    if (!base.includes('/node_modules/')) break
  }
  return `node_modules/${name}` in lock.packages ? `node_modules/${name}` : undefined
}

function licenceOf(path: string, inLockFile: string | undefined): string {
  if (inLockFile !== undefined) return inLockFile
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8'))
  const licence = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'license') : ''
  return typeof licence === 'string' ? licence : 'unknown'
}

/** Whether one of the alternatives, or all parts of a combination, are permissive. */
function isPermissive(licence: string): boolean {
  const expression = licence.replaceAll(/[()]/g, '')
  return expression.includes(' OR ')
    ? expression.split(' OR ').some(isPermissive)
    : expression.split(' AND ').every((part) => PERMISSIVE.has(part))
}

const found = new Map<string, UsedPackage>()
const bundles = functionFolders()
  .filter(({ name }) => name !== '_shared')
  .map(({ name, path }) => ({
    user: name,
    folders: [path, 'supabase/functions/_shared', 'functions-shared'],
    // What a function may import is what its deno.json names: `_shared` has more than each of them uses.
    offered: readFileSync(join(ROOT, path, 'deno.json'), 'utf8'),
  }))
for (const { user, folders, offered } of bundles) {
  for (const name of importedPackages(folders)) {
    if (offered.includes(`npm:${name}@`) || offered.includes(`npm:/${name}@`))
      addWithDependencies(`node_modules/${name}`, user, found)
  }
}
for (const name of importedPackages(['web/src'])) addWithDependencies(`node_modules/${name}`, 'web', found)
for (const name of importedPackages(['stack', 'web/server']))
  addWithDependencies(`node_modules/${name}`, 'embedded stack', found)

const packages = [...found.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'))
if (process.argv.includes('--list')) {
  for (const { name, version, licence, usedBy } of packages)
    console.log(`${licence.padEnd(20)} ${name}@${version}  ${[...usedBy].join(', ')}`)
}
const document = readFileSync(DOCUMENT, 'utf8')
const unnamed = packages.filter(
  ({ name, licence }) => !isPermissive(licence) && !document.includes(`| \`${name}\` | ${licence} |`),
)
console.log(`${packages.length} packages, ${unnamed.length} with a licence to look at`)
for (const { name, licence, usedBy } of unnamed) {
  console.log(
    `${name}: ${licence}, in ${[...usedBy].join(', ')}. Replace the package or name it in docs/licences.md.`,
  )
  process.exitCode = 1
}
