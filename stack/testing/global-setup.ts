/** One PostgreSQL cluster for a run of the `database` tests. See `database.ts` for what tests use. */

import type { TestProject } from 'vitest/node'
import type { TestClusterInfo } from './clone.ts'
import { startTestCluster } from './cluster.ts'

declare module 'vitest' {
  interface ProvidedContext {
    testCluster: TestClusterInfo
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startTestCluster()
  project.provide('testCluster', cluster.info)
  return () => cluster.stop()
}
