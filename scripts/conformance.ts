/**
 * Replays recordings of the real Realtime server and compares frame by frame.
 *
 *   npm run conformance                              against the embedded server, every committed recording
 *   npm run conformance -- --dir <folder>            recordings (and setup.sql) of another folder
 *   npm run conformance -- --only <text>             scenarios whose name contains the text
 *   npm run conformance -- --jobs <n>                replays at a time, default 4
 */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MEANT_DIFFERENCES } from '../stack/realtime/conformance/differences.ts'
import { embeddedTarget } from '../stack/realtime/conformance/embedded.ts'
import { DEFAULT_PLAY } from '../stack/realtime/conformance/player.ts'
import { readRecordings } from '../stack/realtime/conformance/recording.ts'
import { mismatchText, scenarioLine, summary } from '../stack/realtime/conformance/report.ts'
import { runRecordings } from '../stack/realtime/conformance/run.ts'
import { startTestCluster } from '../stack/testing/cluster.ts'

const GOLDEN = fileURLToPath(new URL('../stack/realtime/golden', import.meta.url))

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: GOLDEN },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '4' },
  },
})

const all = await readRecordings(values.dir)
const recordings = all.filter(({ scenario }) => scenario.includes(values.only))
const setupSql = await readFile(path.join(values.dir, 'setup.sql'), 'utf8')
await using cluster = await startTestCluster()
const results = await runRecordings(recordings, {
  ...DEFAULT_PLAY,
  concurrency: Number(values.jobs),
  differences: MEANT_DIFFERENCES,
  target: async () => {
    const database = await cluster.createDatabase({ migrations: false })
    return embeddedTarget({ db: database.urls, setupSql, dispose: () => database[Symbol.asyncDispose]() })
  },
  onResult: (result) => {
    console.log(scenarioLine(result))
    for (const mismatch of result.mismatches) console.log(mismatchText(mismatch))
  },
})
console.log(summary(results))
process.exitCode = results.every((result) => result.mismatches.length === 0) ? 0 : 1
