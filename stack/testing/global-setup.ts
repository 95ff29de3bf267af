/**
 * One PostgreSQL cluster for a run of the `database` tests, in a temporary folder, with a template database that
 * has the bootstrap and every migration. See `database.ts` for what tests use.
 */

import { randomBytes } from 'node:crypto'
import type { TestProject } from 'vitest/node'
import { startTestCluster, type TestClusterInfo } from './cluster.ts'

declare module 'vitest' {
  interface ProvidedContext {
    testCluster: TestClusterInfo
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startTestCluster({
    dbPassword: randomBytes(16).toString('hex'),
    vaultKey: randomBytes(32).toString('hex'),
  })
  project.provide('testCluster', cluster.info)
  return () => cluster.stop()
}
