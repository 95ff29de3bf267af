import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MEANT_DIFFERENCES } from '../stack/realtime/conformance/differences.ts'
import { embeddedTarget } from '../stack/realtime/conformance/embedded.ts'
import { DEFAULT_PLAY, type PlayResult } from '../stack/realtime/conformance/player.ts'
import { readRecordings } from '../stack/realtime/conformance/recording.ts'
import { mismatchText } from '../stack/realtime/conformance/report.ts'
import { runRecordings } from '../stack/realtime/conformance/run.ts'
import { startTestCluster, type TestCluster } from '../stack/testing/cluster.ts'

const GOLDEN = fileURLToPath(new URL('../stack/realtime/golden', import.meta.url))
/** A replay spends most of its time in the recording's own pauses. */
const CONCURRENCY = 8

const recordings = await readRecordings(GOLDEN)
const setupSql = await readFile(path.join(GOLDEN, 'setup.sql'), 'utf8')
const results = new Map(
  recordings.map(({ scenario }) => [scenario, Promise.withResolvers<PlayResult>()] as const),
)

let cluster: TestCluster
let running: Promise<unknown>

beforeAll(async () => {
  cluster = await startTestCluster()
  running = runRecordings(recordings, {
    ...DEFAULT_PLAY,
    differences: MEANT_DIFFERENCES,
    concurrency: CONCURRENCY,
    async target() {
      const database = await cluster.createDatabase({ migrations: false })
      return embeddedTarget({ db: database.urls, setupSql, dispose: () => database[Symbol.asyncDispose]() })
    },
    onResult: (result) => results.get(result.scenario)?.resolve(result),
  }).catch((error: unknown) => {
    for (const { promise, reject } of results.values()) {
      // Without this handler, a rejection before its test awaits the promise would be unhandled.
      promise.catch(() => undefined)
      reject(error)
    }
  })
})

afterAll(async () => {
  await running
  await cluster?.stop()
})

describe('the embedded Realtime answers like the real one', () => {
  it('in every recording there is', () => {
    expect(recordings.length).toBeGreaterThan(0)
  })

  it.each([...results])('%s', async (_scenario, { promise }) => {
    const { mismatches } = await promise
    if (mismatches.length > 0) throw new Error(mismatches.map(mismatchText).join('\n'))
  })
})
