/**
 * Entry of every npm script: installs what the lock file asks for when it is not there yet, then runs a
 * script of this folder on the Node that the project brings along. Plain JavaScript without dependencies,
 * because it must run on whatever Node a fresh machine has.
 *
 *   node scripts/run.mjs <script.ts> [arguments]
 */

import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const PARENT_CHECK_MS = 1000
const LOCK_POLL_MS = 500

const [script, ...args] = process.argv.slice(2)
if (script === undefined) {
  console.error('usage: node scripts/run.mjs <script.ts> [arguments]')
  process.exit(2)
}

await ensureInstalled()
await runScript(join(root, 'scripts', script), args)

/** What npm installed, against what the lock file asks for; robust against touched and copied files. */
function isInstalled() {
  const wanted = readLock(join(root, 'package-lock.json'))
  const present = readLock(join(root, 'node_modules', '.package-lock.json'))
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

function readLock(path) {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch (error) {
    // A lock file cut short by a killed install: as good as none, so the install is repeated.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function ensureInstalled() {
  if (isInstalled()) return
  mkdirSync(join(root, '.stack'), { recursive: true })
  const lock = join(root, '.stack', 'install.lock')
  while (!takeLock(lock)) await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS))
  try {
    if (isInstalled()) return
    console.log('Installing dependencies (npm ci) ...')
    const npm = process.env.npm_execpath
    const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
    const [command, commandArgs] = npm ? [process.execPath, [npm, ...flags]] : ['npm', flags]
    const result = spawnSync(command, commandArgs, { cwd: root, stdio: 'inherit' })
    if (result.status !== 0) {
      console.error(`npm ci failed (${result.error?.message ?? `exit code ${result.status}`}).`)
      process.exit(1)
    }
  } finally {
    rmSync(lock, { force: true })
  }
}

/** One install at a time; a lock left by a dead process is removed. */
function takeLock(path) {
  try {
    const fd = openSync(path, 'wx')
    writeSync(fd, String(process.pid))
    closeSync(fd)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  const owner = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  if (owner > 0 && !isAlive(owner)) rmSync(path, { force: true })
  return false
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function findNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const bundled = join(root, 'node_modules', 'node', 'bin', name)
  if (existsSync(bundled)) return bundled
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  console.error(
    `The npm package "node" has no binary for ${process.platform}-${process.arch}. Install Node.js 24 or newer and try again.`,
  )
  return process.exit(1)
}

async function runScript(path, scriptArgs) {
  const node = findNode()
  const child = spawn(node, [path, ...scriptArgs], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      PATH: `${join(root, 'node_modules', '.bin')}:${dirname(node)}:${process.env.PATH ?? ''}`,
    },
  })
  // Ctrl-C reaches the child by the terminal itself; this process only waits for it to finish.
  process.on('SIGINT', () => undefined)
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // Without its npm this process would keep the child alive for nobody.
  const parent = process.ppid
  const watch = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), PARENT_CHECK_MS)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${node} could not be started: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? (signal === 'SIGINT' ? 130 : 1)))
  })
  clearInterval(watch)
  process.exitCode = code
  if (child.connected) child.disconnect()
}
