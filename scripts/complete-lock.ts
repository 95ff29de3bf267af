/** `npm run lock`: after `npm install <package>`, adds the other platforms' entries to the lock file. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { completeLock, type LockFile, missingPlatforms } from './lock-file.ts'
import { ROOT } from './process.ts'

const path = join(ROOT, 'package-lock.json')
const lock: LockFile = JSON.parse(readFileSync(path, 'utf8'))
const missing = [...missingPlatforms(lock).keys()]
if (missing.length > 0) writeFileSync(path, `${JSON.stringify(completeLock(lock), null, 2)}\n`)
console.log(missing.length > 0 ? `added: ${missing.join(', ')}` : 'the lock file is complete')
