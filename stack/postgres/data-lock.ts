/**
 * Only one process at a time owns a data directory. The lock is the operating system's own (SQLite's
 * exclusive file lock): it ends with the process, however that ends, so it is never stale.
 */

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '../../functions-shared/app-error.ts'

export interface DataLock {
  release(): void
}

const SQLITE_BUSY = 5

/** @throws AppError `data_dir_in_use` when another stack, of this process or another, has the directory. */
export function lockDataDir(dataDir: string): DataLock {
  mkdirSync(dataDir, { recursive: true })
  const lock = new DatabaseSync(path.join(dataDir, 'owner.lock'), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (cause) {
    lock.close()
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY) {
      throw new AppError('data_dir_in_use', { cause, details: { dataDir } })
    }
    throw cause
  }
  let held = true
  return {
    release() {
      if (!held) return
      held = false
      lock.close()
    },
  }
}
