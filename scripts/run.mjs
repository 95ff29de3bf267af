/**
 * Entry of every npm script: installs what the lock file asks for when it is not there yet, then runs a
 * script of this folder on the Node that the project brings along. Plain JavaScript without dependencies,
 * because it must run on any Node that a fresh machine has.
 *
 *   node scripts/run.mjs <script.ts> [arguments]
 */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
/** Read before the install, because the parent process may end during the install. */
const parent = process.ppid
const PARENT_CHECK_MS = 1000
/**
 * Half of the default: a burst of short-lived objects, such as a thousand joins at once, leaves a smaller heap behind.
 * Megabytes.
 */
const MAX_SEMI_SPACE = 8

/** How people and their terminals end a command. */
const ASKED_FOR = ['SIGINT', 'SIGTERM', 'SIGHUP']

const [script, ...args] = process.argv.slice(2)
if (script === undefined) {
  console.error('usage: node scripts/run.mjs <script.ts> [arguments]')
  process.exit(2)
}

try {
  await ensureInstalled(root)
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
await runScript(join(root, 'scripts', script), args)

function findNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const bundled = join(root, 'node_modules', 'node', 'bin', name)
  if (existsSync(bundled)) return bundled
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  console.error(
    `There is no Node.js from npm: either install scripts are off (then run "npm ci --ignore-scripts=false"), or the package "node" has no binary for ${process.platform}-${process.arch} (then install Node.js 24 or newer).`,
  )
  return process.exit(1)
}

async function runScript(path, scriptArgs) {
  const node = findNode()
  const child = spawn(node, [`--max-semi-space-size=${MAX_SEMI_SPACE}`, path, ...scriptArgs], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      // Later starts need no compiler for TypeScript: half the time, 30 MB less.
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'),
      ...process.env,
      PATH: [join(root, 'node_modules', '.bin'), dirname(node), process.env.PATH ?? ''].join(delimiter),
    },
  })
  // This process only waits. The terminal sends Ctrl-C to the child as well, so the child gets the signal twice.
  for (const signal of ASKED_FOR) process.on(signal, () => child.kill(signal))
  // When npm has ended, nothing else would end the child.
  const watch = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), PARENT_CHECK_MS)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${node} could not be started: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (exitCode, signal) => {
      // The signal was not asked for: the system was out of memory, for example. Without this line it would look like a normal end.
      if (exitCode === null && !ASKED_FOR.includes(signal)) console.error(`${path} was ended by ${signal}.`)
      resolve(exitCode ?? (signal === 'SIGINT' ? 130 : 1))
    })
  })
  clearInterval(watch)
  process.exitCode = code
  if (child.connected) child.disconnect()
}
