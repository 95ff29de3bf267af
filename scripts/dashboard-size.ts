/**
 * What the dashboard's JavaScript costs before it shows anything, gzipped; and what is loaded later, for information.
 * Part of `npm run check`; the figures are in `docs/dashboard.md`, too.
 *
 *   node scripts/run.mjs dashboard-size.ts
 */

import { gzipSync } from 'node:zlib'
import type { PluginOption } from 'vite'
import { WITHOUT_BUILD_TIME_CONFIG } from '../web/server/build.ts'
import { WEB_ROOT } from '../web/server/dashboard.ts'
import { buildForProduction } from '../web/server/production-build.ts'
import { printSizes } from './size-report.ts'
import { withoutKinds } from './without-kinds.ts'

interface Sizes {
  first: number
  later: { name: string; size: number }[]
}

async function measure(plugins: PluginOption[] = []): Promise<Sizes> {
  const result = await buildForProduction({
    root: WEB_ROOT,
    configFile: `${WEB_ROOT}/vite.config.ts`,
    logLevel: 'error',
    define: WITHOUT_BUILD_TIME_CONFIG,
    plugins,
    build: { write: false },
  })
  const outputs = Array.isArray(result) ? result : [result]
  const chunks = outputs
    .flatMap((part) => ('output' in part ? part.output : []))
    .filter((part) => part.type === 'chunk')
    .map(({ name, code, isEntry, imports, fileName }) => ({
      name,
      isEntry,
      imports,
      fileName,
      size: gzipSync(code, { level: 9 }).length,
    }))

  /** An entry and all that it imports statically. */
  const initial = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
  for (const fileName of initial) {
    for (const imported of chunks.find((chunk) => chunk.fileName === fileName)?.imports ?? [])
      initial.add(imported)
  }
  return {
    first: chunks.filter(({ fileName }) => initial.has(fileName)).reduce((sum, { size }) => sum + size, 0),
    later: chunks.filter(({ fileName }) => !initial.has(fileName)),
  }
}

const whole = await measure()
const code = await measure([withoutKinds()])

printSizes([{ name: 'before anything is shown', whole: whole.first, code: code.first, budget: 88_000 }])
for (const { name, size } of whole.later) console.log(`${String(size).padStart(6)}  later: ${name}`)
