import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { MEANT_DIFFERENCES } from '../stack/realtime/conformance/differences.ts'
import { embeddedTarget } from '../stack/realtime/conformance/embedded.ts'
import { DEFAULT_PLAY, play } from '../stack/realtime/conformance/player.ts'
import { readRecordings } from '../stack/realtime/conformance/recording.ts'
import { mismatchText } from '../stack/realtime/conformance/report.ts'
import { startTestCluster, type TestCluster } from '../stack/testing/cluster.ts'

const GOLDEN = fileURLToPath(new URL('../stack/realtime/golden', import.meta.url))

const recordings = await readRecordings(GOLDEN)
const setupSql = await readFile(path.join(GOLDEN, 'setup.sql'), 'utf8')

let cluster: TestCluster

beforeAll(async () => {
  cluster = await startTestCluster()
})

afterAll(() => cluster?.stop())

describe('the embedded Realtime answers like the real one', () => {
  it.concurrent.each(recordings)('$scenario', async (recording) => {
    const database = await cluster.createDatabase({ migrations: false })
    const dispose = () => database[Symbol.asyncDispose]()
    await using target = await embeddedTarget({ db: database.urls, setupSql, dispose })
    const result = await play(recording, target, { ...DEFAULT_PLAY, differences: MEANT_DIFFERENCES })
    if (result.mismatches.length > 0) throw new Error(result.mismatches.map(mismatchText).join('\n'))
  })
})
