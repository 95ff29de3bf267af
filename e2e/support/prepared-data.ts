/**
 * A data folder with keys and a database that has all migrations. Stacks of tests start from a copy: bringing up a new
 * database takes several times as long as everything else at a start.
 */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureDataDir } from '../../stack/data-dir.ts'
import { loadOrCreateKeys } from '../../stack/keys/index.ts'
import { applyMigrations, startPostgres } from '../../stack/postgres/index.ts'
import type { Logger } from '../../stack/types.ts'

/** @param dataDir a folder that does not exist. */
export async function prepareData(dataDir: string, logger: Logger): Promise<void> {
  await ensureDataDir(dataDir)
  const keys = await loadOrCreateKeys(dataDir)
  await using postgres = await startPostgres({ dataDir: join(dataDir, 'postgres'), keys, logger })
  await applyMigrations({ url: postgres.urls.postgres, logger })
}

/**
 * Copies with owners and permissions, because the database's files belong to the user who runs the server.
 *
 * @param target a folder that does not exist.
 */
export function copyPreparedData(prepared: string, target: string): void {
  execFileSync('cp', ['-a', prepared, target])
}
