import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { addIntegrity, completeLock, type LockFile, missingPlatforms, withoutIntegrity } from './lock-file.ts'

const root = new URL('..', import.meta.url)
const lock: LockFile = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'))

function trackedFiles(): string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
}

test('the lock file names no registry, so that it works with any', () => {
  expect(JSON.stringify(lock)).not.toContain('"resolved"')
})

test('the lock file has every platform, so that `npm ci` accepts it everywhere: see `npm run lock`', () => {
  expect([...missingPlatforms(lock).keys()]).toEqual([])
})

test('a platform that npm left out gets an entry that says for which system it is', () => {
  const packages = {
    'node_modules/tool': { version: '1.0.0', optionalDependencies: { '@tool/linux-arm64-musl': '1.0.0' } },
  }
  const added = completeLock({ packages }).packages['node_modules/@tool/linux-arm64-musl']
  expect(added).toEqual({
    version: '1.0.0',
    os: ['linux'],
    cpu: ['arm64'],
    libc: ['musl'],
    dev: true,
    optional: true,
  })
})

/** Builds of the Supabase CLI for other systems that the registry did not list when the lock file was written. */
const WITHOUT_HASH = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64',
  'linux-arm64-musl',
  'linux-x64-musl',
  'windows-arm64',
  'windows-x64',
].map((system) => `@supabase/cli-${system}@3.1.0`)

test('every other entry of the lock file has the hash of its package: see `npm run lock`', () => {
  expect(withoutIntegrity(lock)).toEqual(WITHOUT_HASH)
})

test('an entry without a hash is found, also below another package, and gets the hash of its name and version', () => {
  const packages = {
    '': {},
    'node_modules/tool': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/tool/node_modules/@part/one': { version: '2.0.0', dev: true },
  }
  expect(withoutIntegrity({ packages })).toEqual(['@part/one@2.0.0'])
  const hashed = addIntegrity({ packages }, new Map([['@part/one@2.0.0', 'sha512-b']]))
  expect(hashed.packages).toEqual({
    ...packages,
    'node_modules/tool/node_modules/@part/one': { version: '2.0.0', integrity: 'sha512-b', dev: true },
  })
})

test('there is one lock file', () => {
  expect(
    trackedFiles().filter((path) => /(package-lock|deno\.lock|yarn\.lock|pnpm-lock)/.test(path)),
  ).toEqual(['package-lock.json'])
})

test('no key is committed', () => {
  const secret = /sb_secret_[\w-]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|"d":\s*"[\w-]{40,}"/
  const guilty = trackedFiles()
    .filter(
      (path) =>
        /\.(ts|mjs|js|json|sql|md|toml|sh|yml)$/.test(path) && !path.startsWith('stack/realtime/golden/'),
    )
    .filter((path) => secret.test(readFileSync(new URL(path, root), 'utf8')))
  expect(guilty).toEqual([])
})
