/** One embedded stack for all end-to-end files that do not break it; its functions may fetch from the hostile server. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { samplePhotoPath } from '../../samples/photos.ts'
import { createStack } from '../../stack/index.ts'
import { createTerminalLogger } from '../../stack/logger.ts'
import { withClient } from '../../stack/postgres/index.ts'
import { startDashboard } from '../../web/server/dashboard.ts'
import { startHostileServer } from './hostile-server.ts'
import { copyPreparedData, prepareData } from './prepared-data.ts'
import './provided-context.ts'
import { faultsBySize, TRANSCRIPTION_TIMEOUT_MS } from './voice-faults.ts'

/** Short, so that a server that never answers does not hold up the suite. */
const DOWNLOAD_TIMEOUT_MS = '3000'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'claimwire-e2e-'))
  const preparedDataDir = join(folder, 'prepared')
  const dataDir = join(folder, 'data')
  const logger = createTerminalLogger({ level: process.env.CLAIMWIRE_LOG === 'debug' ? 'debug' : 'error' })
  const parts = new AsyncDisposableStack()
  parts.defer(() => rmSync(folder, { recursive: true, force: true }))
  try {
    await prepareData(preparedDataDir, logger)
    copyPreparedData(preparedDataDir, dataDir)
    const files = parts.use(await startHostileServer(samplePhotoPath('front')))
    const stack = parts.use(
      await createStack({
        dataDir,
        ports: { api: 0, db: 0, mail: 0 },
        logger,
        // For the scenarios of supabase-js, which talk on public channels too.
        realtime: { privateOnly: false },
        functionsEnv: {
          DOWNLOAD_ALLOWED_ORIGINS: files.origin,
          DOWNLOAD_TIMEOUT_MS,
          TRANSCRIPTION_TIMEOUT_MS: String(TRANSCRIPTION_TIMEOUT_MS),
        },
        transcription: { faults: faultsBySize() },
      }),
    )
    // Tests of the page write status rows by SQL and leave some under way: they must take nobody's place.
    await withClient(stack.db.postgres, (client) =>
      client.query('update private.job_kinds set max_concurrent = null, max_concurrent_per_user = null'),
    )
    const dashboard = await startDashboard({
      port: 0,
      supabaseUrl: stack.url,
      publishableKey: stack.keys.publishableKey,
    })
    parts.defer(() => dashboard.close())
    const { url, db, keys, mailboxUrl } = stack
    stack.setSiteUrl(dashboard.url)
    project.provide('stack', { url, db, keys, mailboxUrl })
    project.provide('dataDir', dataDir)
    project.provide('preparedDataDir', preparedDataDir)
    project.provide('dashboardUrl', dashboard.url)
    project.provide('fileOrigin', files.origin)
  } catch (error) {
    await parts.disposeAsync()
    throw error
  }
  return () => parts.disposeAsync()
}
