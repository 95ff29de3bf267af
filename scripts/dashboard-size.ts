/**
 * What the dashboard's JavaScript costs before it shows anything, gzipped; and what is loaded later, for information.
 * Part of `npm run check`; the figures are in `docs/dashboard.md`, too.
 *
 *   node scripts/run.mjs dashboard-size.ts
 */

import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { WITHOUT_BUILD_TIME_CONFIG } from '../web/server/build.ts'
import { WEB_ROOT } from '../web/server/dashboard.ts'

/** Bytes. */
const BUDGET = 79_000

const result = await build({
  root: WEB_ROOT,
  configFile: `${WEB_ROOT}/vite.config.ts`,
  logLevel: 'error',
  define: WITHOUT_BUILD_TIME_CONFIG,
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
const first = chunks.filter(({ fileName }) => initial.has(fileName)).reduce((sum, { size }) => sum + size, 0)
console.log(`${first} of ${BUDGET}  before anything is shown`)
for (const { name, size } of chunks.filter(({ fileName }) => !initial.has(fileName))) {
  console.log(`${String(size).padStart(6)}  later: ${name}`)
}
if (first > BUDGET) {
  console.log(
    'Load something later or, where that is worth its bytes, raise the budget here and in the docs.',
  )
  process.exitCode = 1
}
