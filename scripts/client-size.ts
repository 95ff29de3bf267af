/**
 * What the client library costs a page, minified and gzipped. Part of `npm run check`, so that it cannot grow unnoticed.
 * The figures are in `docs/client-api.md` and `docs/drop-in.md`, too.
 *
 *   node scripts/run.mjs client-size.ts
 */

import { gzipSync } from 'node:zlib'
import type { PluginOption } from 'vite'
import { buildModules, buildScript } from '../web/server/client-build.ts'
import { printSizes } from './size-report.ts'
import { withoutKinds } from './without-kinds.ts'

const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length

interface Sizes {
  page: number
  connected: number
  script: number
}

async function measure(plugins: PluginOption[] = []): Promise<Sizes> {
  const files = new Map((await buildModules(true, plugins)).map((file) => [file.name, file]))

  /** Names of a file and of all files that are loaded with it. */
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
  // A file that a browser failed to load once may be out of reach for the engine's further attempts: see `client/lazy-module.ts`.
  if (connected.size > page.size + 1) {
    process.exitCode = 1
    console.log(`The engine may need no file but its own and the page's: ${[...connected].join(', ')}`)
  }
  return { page: sum(page), connected: sum(connected), script: gzipped(await buildScript(plugins)) }
}

const whole = await measure()
const code = await measure([withoutKinds()])

printSizes([
  { name: 'client, part of the page', whole: whole.page, code: code.page, budget: 6_400 },
  {
    name: 'client, with what it loads to connect',
    whole: whole.connected,
    code: code.connected,
    budget: 24_400,
  },
  { name: 'drop-in script, everything', whole: whole.script, code: code.script, budget: 39_700 },
])
