/**
 * What the client library costs a page: minified and gzipped, on top of @supabase/supabase-js. Part of `npm run check`,
 * so that it cannot grow unnoticed. The budgets are in `docs/client-api.md`, too.
 *
 *   node scripts/run.mjs client-size.ts
 */

import { gzipSync } from 'node:zlib'
import { bundleClient } from './client-bundle.ts'

/** Bytes, rounded up to the next 100. */
const BUDGETS = {
  'loaded before live': 14_200,
  everything: 20_900,
}

const chunks = await bundleClient()
const gzipped = chunks.map(({ code }) => gzipSync(code, { level: 9 }).length)
const sizes = {
  'loaded before live': chunks.reduce(
    (sum, { isEntry }, index) => sum + (isEntry ? (gzipped[index] ?? 0) : 0),
    0,
  ),
  everything: gzipped.reduce((sum, size) => sum + size, 0),
}

for (const [index, { name }] of chunks.entries())
  console.log(`${String(gzipped[index]).padStart(6)}  ${name}`)
for (const [name, size] of Object.entries(sizes)) {
  const budget = Object.entries(BUDGETS).find(([each]) => each === name)?.[1] ?? 0
  console.log(`${String(size).padStart(6)}  ${name}, of at most ${budget}`)
  if (size > budget) process.exitCode = 1
}
