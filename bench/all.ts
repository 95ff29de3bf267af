/**
 * Every benchmark, one after the other, so that none disturbs another.
 *
 *   npm run bench [-- --json]     tables for people, or one JSON line of each for machines
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const BENCHMARKS = [
  'realtime.ts',
  'delivery.ts',
  'database.ts',
  'followers.ts',
  'peers.ts',
  'images.ts',
  'recordings.ts',
  'reports.ts',
  'jobs.ts',
  'burst.ts',
  'flood.ts',
  'dashboard.ts',
] as const

for (const name of BENCHMARKS) {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), process.argv.slice(2))
  const [code] = await once(child, 'exit')
  if (code !== 0) process.exitCode = 1
}
