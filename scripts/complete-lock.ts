/**
 * `npm run lock`: after `npm install <package>`, adds to the lock file the other platforms' entries and the hashes that
 * npm left out, as the registry names them.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addIntegrity, completeLock, type LockFile, missingPlatforms, withoutIntegrity } from './lock-file.ts'
import { ROOT, run } from './process.ts'

const path = join(ROOT, 'package-lock.json')
const lock: LockFile = JSON.parse(readFileSync(path, 'utf8'))
const missing = [...missingPlatforms(lock).keys()]
const complete = completeLock(lock)
const integrity = new Map<string, string>()
const unknown: string[] = []
for (const spec of new Set(withoutIntegrity(complete))) {
  const hash = await registryHash(spec)
  if (hash === undefined) unknown.push(spec)
  else integrity.set(spec, hash)
}
if (missing.length > 0 || integrity.size > 0)
  writeFileSync(path, `${JSON.stringify(addIntegrity(complete, integrity), null, 2)}\n`)
if (missing.length > 0) console.log(`added: ${missing.join(', ')}`)
if (integrity.size > 0) console.log(`hash added: ${[...integrity.keys()].join(', ')}`)
if (unknown.length > 0) console.log(`without a hash, unknown to this registry: ${unknown.join(', ')}`)
if (missing.length + integrity.size + unknown.length === 0) console.log('the lock file is complete')

/** The hash of `name@version`; undefined when the registry does not list that version, as a mirror may. */
async function registryHash(spec: string): Promise<string | undefined> {
  const { code, output } = await run('npm', ['view', spec, 'dist.integrity', '--json'])
  if (code !== 0 && output.includes('E404')) return undefined
  const hash: unknown = code === 0 ? JSON.parse(output) : undefined
  if (typeof hash !== 'string') throw new Error(`npm view ${spec} failed: ${output}`)
  return hash
}
