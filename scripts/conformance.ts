/**
 * Replays recordings of the real Realtime server and compares frame by frame.
 *
 *   npm run conformance                              against the embedded server, every committed recording
 *   npm run conformance -- --dir <folder>            recordings and setup.sql of another folder
 *   npm run conformance -- --only <text>             scenarios whose name contains the text
 *   npm run conformance -- --jobs <n>                replays at a time, default 8; 1 with --url
 *   npm run conformance -- --max-gap <ms>            longest pause between two actions, default 250
 *
 *   npm run conformance -- --url <url> --key <publishable key> [--db-url <url as postgres>]
 *                          (--signing-key <file with a private JWK> | --jwt-secret <secret>)
 *                                                    against any server; with --db-url, setup.sql is run there first
 */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MEANT_DIFFERENCES } from '../stack/realtime/conformance/differences.ts'
import { embeddedTarget } from '../stack/realtime/conformance/embedded.ts'
import { type Mint, mintWithKey, mintWithSecret } from '../stack/realtime/conformance/mint.ts'
import { DEFAULT_PLAY } from '../stack/realtime/conformance/player.ts'
import { readRecordings } from '../stack/realtime/conformance/recording.ts'
import { remoteTarget } from '../stack/realtime/conformance/remote.ts'
import { mismatchText, scenarioLine, summary } from '../stack/realtime/conformance/report.ts'
import { runRecordings } from '../stack/realtime/conformance/run.ts'
import type { Target } from '../stack/realtime/conformance/target.ts'
import { startTestCluster } from '../stack/testing/cluster.ts'

const GOLDEN = fileURLToPath(new URL('../stack/realtime/golden', import.meta.url))

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: GOLDEN },
    only: { type: 'string', default: '' },
    jobs: { type: 'string' },
    'max-gap': { type: 'string', default: String(DEFAULT_PLAY.maxGapMs) },
    url: { type: 'string' },
    key: { type: 'string' },
    'db-url': { type: 'string' },
    'signing-key': { type: 'string' },
    'jwt-secret': { type: 'string' },
  },
})

const all = await readRecordings(values.dir)
const recordings = all.filter(({ scenario }) => scenario.includes(values.only))
const setupSql = await readFile(path.join(values.dir, 'setup.sql'), 'utf8')
await using resources = new AsyncDisposableStack()
const target = values.url === undefined ? await embedded() : await remote(values.url)
const results = await runRecordings(recordings, {
  ...DEFAULT_PLAY,
  maxGapMs: Number(values['max-gap']),
  concurrency: Number(values.jobs ?? (values.url === undefined ? 8 : 1)),
  differences: MEANT_DIFFERENCES,
  target,
  onResult: (result) => {
    console.log(scenarioLine(result))
    for (const mismatch of result.mismatches) console.log(mismatchText(mismatch))
  },
})
console.log(summary(results))
process.exitCode = results.every((result) => result.mismatches.length === 0) ? 0 : 1

/** A database and a server of its own for every recording. */
async function embedded(): Promise<() => Promise<Target & AsyncDisposable>> {
  const cluster = resources.use(await startTestCluster())
  return async () => {
    const database = await cluster.createDatabase({ migrations: false })
    return embeddedTarget({ db: database.urls, setupSql, dispose: () => database[Symbol.asyncDispose]() })
  }
}

async function remote(url: string): Promise<() => Promise<Target & AsyncDisposable>> {
  if (values.key === undefined) throw new Error('--url needs --key, the publishable key of the project')
  const options = { url, publishableKey: values.key, mint: await mint(), dbUrl: values['db-url'] }
  await using setup = remoteTarget(options)
  const outcome = await setup.sql?.('postgres', setupSql, [])
  if (outcome?.error) throw new Error(`setup.sql failed: ${outcome.error.message}`)
  return async () => remoteTarget(options)
}

async function mint(): Promise<Mint> {
  const keyFile = values['signing-key']
  if (keyFile !== undefined) return mintWithKey(JSON.parse(await readFile(keyFile, 'utf8')))
  const secret = values['jwt-secret']
  if (secret === undefined) throw new Error('--url needs --signing-key or --jwt-secret, to sign tokens with')
  return mintWithSecret(secret)
}
