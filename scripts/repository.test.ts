import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url)
const lock: unknown = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'))

function trackedFiles(): string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
}

test('the lock file names no registry, so that it works with any', () => {
  expect(JSON.stringify(lock)).not.toContain('"resolved"')
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
