/**
 * `npm ci` where `node_modules` is not what the lock file asks for. Plain JavaScript without dependencies,
 * because it runs before they are there, on any Node that a fresh machine has.
 *
 * Of several processes one installs and the others wait. The lock names the one that installs and its npm: it
 * counts as long as either lives, because npm goes on when its parent process is killed.
 */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const POLL_MS = 200
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * @param {string} root folder of package.json
 * @returns {Promise<void>} resolves when everything is there.
 * @throws {Error} when there is no lock file, or when npm fails.
 */
export async function ensureInstalled(root) {
  if (isInstalled(root)) return
  const release = await lock(join(root, '.stack'))
  try {
    // Another process may have installed them while this one waited.
    if (!isInstalled(root)) await install(root, release.alsoFor)
  } finally {
    release()
  }
}

/** What npm installed, against what the lock file asks for; robust against touched and copied files. */
function isInstalled(root) {
  const wanted = readLockFile(join(root, 'package-lock.json'))
  // npm writes this file last. After an interrupted install the file is missing or old.
  const present = readLockFile(join(root, 'node_modules', '.package-lock.json'))
  if (wanted === undefined) throw new Error('package-lock.json is missing or unreadable')
  if (present === undefined) return false
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const version = present[path]?.version
    if (version === undefined ? !entry.optional && !entry.devOptional : version !== entry.version)
      return false
  }
  return true
}

function readLockFile(path) {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch (error) {
    // The file was truncated by a killed install. It counts as missing, so the install is repeated.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function install(root, onStart) {
  console.error('Installing dependencies (npm ci) ...')
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  // Under another package manager this names that one.
  const npm = process.env.npm_execpath
  const [command, args] =
    npm !== undefined && basename(npm) === 'npm-cli.js' ? [process.execPath, [npm, ...flags]] : ['npm', flags]
  const child = spawn(command, args, { cwd: root, stdio: ['inherit', 2, 2] })
  if (child.pid !== undefined) onStart(child.pid)
  const forward = (signal) => child.kill(signal)
  for (const signal of FORWARDED) process.on(signal, forward)
  try {
    await new Promise((resolve, reject) => {
      child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)))
      child.on('exit', (code, signal) =>
        code === 0 ? resolve() : reject(new Error(`npm ci failed (${signal ?? `exit code ${code}`})`)),
      )
    })
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}

/** @returns a function that releases the lock; its `alsoFor(pid)` makes a second process an owner of the lock. */
async function lock(folder) {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'install.lock')
  let told = false
  for (;;) {
    if (take(path)) break
    const owners = readOwners(path)
    if (owners.length > 0 && !owners.some(isAlive)) {
      discard(path, owners)
      continue
    }
    if (!told && owners.length > 0) {
      console.error(`Waiting for process ${owners[0]}, which installs. If it does not, remove ${path}.`)
      told = true
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  const release = () => rmSync(path, { force: true })
  release.alsoFor = (pid) => {
    const temporary = writeOwners(path, [process.pid, pid])
    renameSync(temporary, path)
  }
  return release
}

/** Linked into place with its content, so that a reader never sees a lock without the ids of its owners. */
function take(path) {
  const temporary = writeOwners(path, [process.pid])
  try {
    linkSync(temporary, path)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(temporary)
  }
}

function writeOwners(path, pids) {
  const temporary = `${path}.${randomUUID()}`
  writeFileSync(temporary, pids.join('\n'))
  return temporary
}

/** Process ids; empty where the lock is gone meanwhile. A file without ids counts as owned by a dead process: `[0]`. */
function readOwners(path) {
  try {
    return readFileSync(path, 'utf8').split('\n').map(Number)
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

/** Removes a dead process's lock, unless another one has just done that and taken it. */
function discard(path, owners) {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
    if (readOwners(aside).join() !== owners.join()) linkSync(aside, path)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function isAlive(pid) {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
