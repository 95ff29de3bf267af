/**
 * What the client library costs a page, minified and gzipped. Part of `npm run check`, so that it cannot grow unnoticed.
 * The figures are in `docs/client-api.md` and `docs/drop-in.md`, too.
 *
 *   node scripts/run.mjs client-size.ts
 */

import { gzipSync } from 'node:zlib'
import { buildModules, buildScript } from '../web/server/client-build.ts'

const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length

const files = new Map((await buildModules(true)).map((file) => [file.name, file]))

/** Names of a file and of all that is loaded with it. */
function loadedWith(name: string, found = new Set<string>()): Set<string> {
  if (files.has(name) && !found.has(name)) {
    found.add(name)
    for (const imported of files.get(name)?.imports ?? []) loadedWith(imported, found)
  }
  return found
}

const sum = (names: Set<string>): number =>
  [...names].reduce((total, name) => total + gzipped(files.get(name)?.code ?? ''), 0)

const page = loadedWith('client.js')
const connected = new Set([...page, ...loadedWith('engine.js')])

/** Bytes; the budget is what has been reached, rounded up to the next 100. */
const sizes = [
  { name: 'client, part of the page', size: sum(page), budget: 5_300 },
  { name: 'client, with what it loads to connect', size: sum(connected), budget: 20_400 },
  { name: 'drop-in script, everything', size: gzipped(await buildScript()), budget: 35_000 },
]

for (const { name, size, budget } of sizes) {
  console.log(`${String(size).padStart(6)} of ${budget}  ${name}`)
  if (size > budget) process.exitCode = 1
}
if (process.exitCode === 1) {
  console.log('Make it smaller or, where that is worth its bytes, raise the budget here and in the docs.')
}

// A file that a browser failed to load once may be out of reach for the engine's further attempts: see `client/part.ts`.
if (connected.size > page.size + 1) {
  process.exitCode = 1
  console.log(`The engine may need no file but its own and the page's: ${[...connected].join(', ')}`)
}
