/**
 * What the client library costs a page, minified and gzipped. Part of `npm run check`, so that it cannot grow unnoticed.
 * The figures are in `docs/client-api.md` and `docs/drop-in.md`, too.
 *
 *   node scripts/run.mjs client-size.ts
 */

import { gzipSync } from 'node:zlib'
import { buildModules, buildScript } from '../web/server/client-build.ts'

const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length

const chunks = await buildModules({ client: 'client/index.ts' }, true)
const sum = (files: typeof chunks): number => files.reduce((total, { code }) => total + gzipped(code), 0)

/** Bytes; the budget is what has been reached, rounded up to the next 100. */
const sizes = [
  { name: 'client, loaded before live', size: sum(chunks.filter(({ isEntry }) => isEntry)), budget: 14_400 },
  { name: 'client, everything', size: sum(chunks), budget: 21_000 },
  { name: 'drop-in script, everything', size: gzipped(await buildScript()), budget: 34_600 },
]

for (const { name, size, budget } of sizes) {
  console.log(`${String(size).padStart(6)} of ${budget}  ${name}`)
  if (size > budget) process.exitCode = 1
}
if (process.exitCode === 1) {
  console.log('Make it smaller or, where that is worth its bytes, raise the budget here and in the docs.')
}
