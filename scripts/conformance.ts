/** `npm run conformance`: replays recordings of the real Realtime server and compares frame by frame. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { MEANT_DIFFERENCES } from '../stack/realtime/conformance/differences.ts'
import { embeddedTarget } from '../stack/realtime/conformance/embedded.ts'
import { type Mint, mintWithKey, mintWithSecret } from '../stack/realtime/conformance/mint.ts'
import { DEFAULT_PLAY } from '../stack/realtime/conformance/player.ts'
import { type Recording, readRecordings } from '../stack/realtime/conformance/recording.ts'
import { remoteTarget } from '../stack/realtime/conformance/remote.ts'
import { mismatchText, scenarioLine, summary } from '../stack/realtime/conformance/report.ts'
import { runRecordings } from '../stack/realtime/conformance/run.ts'
import type { Target } from '../stack/realtime/conformance/target.ts'
import { startTestCluster, type TestCluster } from '../stack/testing/cluster.ts'
import { parseAddress, parseCount, parseFlags, runCommand, UsageError } from './command-line.ts'

const GOLDEN = fileURLToPath(new URL('../stack/realtime/golden', import.meta.url))

const USAGE = `npm run conformance          replays recordings of the real Realtime server, and compares frame by frame

Options, after --:
  --dir <folder>             recordings and setup.sql of another folder (stack/realtime/golden)
  --only <text>              scenarios whose name contains the text
  --jobs <n>                 replays at a time (8; 1 with --url)
  --max-gap <ms>             longest pause between two actions (${DEFAULT_PLAY.maxGapMs})
  --url <url>                another server instead of the embedded one, and for that
  --key <key>                its publishable key,
  --signing-key <file>       a private JWK to sign tokens with,
  --jwt-secret <secret>      or the legacy secret;
  --db-url <url>             its database as postgres: setup.sql is run there first
  --help                     this page`

await runCommand(USAGE, main)

async function main(): Promise<void> {
  const flags = readFlags()
  if (flags.help) return console.log(USAGE)
  const { recordings, setupSql } = await readFolder(flags.dir)
  const chosen = recordings.filter(({ scenario }) => scenario.includes(flags.only))
  // A run without recordings must not count as passed.
  if (chosen.length === 0)
    throw new UsageError(`No recording in ${flags.dir} has "${flags.only}" in its name`)
  await using resources = new AsyncDisposableStack()
  const target =
    flags.url === undefined
      ? embedded(resources.use(await startTestCluster()), setupSql)
      : await remote(flags.url, setupSql, flags)
  const results = await runRecordings(chosen, {
    ...DEFAULT_PLAY,
    maxGapMs: flags.maxGapMs,
    concurrency: flags.concurrency,
    differences: MEANT_DIFFERENCES,
    target,
    onResult: (result) => {
      console.log(scenarioLine(result))
      for (const mismatch of result.mismatches) console.log(mismatchText(mismatch))
    },
  })
  console.log(summary(results))
  process.exitCode = results.every((result) => result.mismatches.length === 0) ? 0 : 1
}

type Flags = ReturnType<typeof readFlags>

function readFlags() {
  const { values } = parseFlags({
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
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return {
    ...values,
    maxGapMs: parseCount(values['max-gap'], '--max-gap', 0),
    concurrency: parseCount(values.jobs ?? (values.url === undefined ? '8' : '1'), '--jobs', 1),
  }
}

async function readFolder(dir: string): Promise<{ recordings: Recording[]; setupSql: string }> {
  const setup = path.join(dir, 'setup.sql')
  const setupSql = await readFile(setup, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${setup} cannot be read: a folder of recordings has it beside them`, { cause })
  })
  return { recordings: await readRecordings(dir), setupSql }
}

/** Each recording has a database and a server of its own. */
function embedded(cluster: TestCluster, setupSql: string): () => Promise<Target & AsyncDisposable> {
  return async () => {
    const database = await cluster.createDatabase({ migrations: false })
    return embeddedTarget({ db: database.urls, setupSql, dispose: () => database[Symbol.asyncDispose]() })
  }
}

async function remote(
  url: string,
  setupSql: string,
  flags: Flags,
): Promise<() => Promise<Target & AsyncDisposable>> {
  const { key: publishableKey } = flags
  if (publishableKey === undefined)
    throw new UsageError('--url needs --key, the publishable key of the project')
  const options = { url: parseAddress(url), publishableKey, mint: await mint(flags), dbUrl: flags['db-url'] }
  await using setup = remoteTarget(options)
  const outcome = await setup.sql?.('postgres', setupSql, [])
  if (outcome?.error) throw new UsageError(`setup.sql failed: ${outcome.error.message}`)
  return async () => remoteTarget(options)
}

async function mint(flags: Flags): Promise<Mint> {
  const keyFile = flags['signing-key']
  if (keyFile !== undefined) {
    try {
      return await mintWithKey(JSON.parse(await readFile(keyFile, 'utf8')))
    } catch (cause) {
      throw new UsageError(`${keyFile} is no private key as JWK`, { cause })
    }
  }
  const secret = flags['jwt-secret']
  if (secret === undefined) {
    throw new UsageError('--url needs --signing-key or --jwt-secret, to sign tokens with')
  }
  return mintWithSecret(secret)
}
