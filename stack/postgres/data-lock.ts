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

/**
 * @throws AppError `data_dir_in_use` when another stack, of this process or another, has the directory;
 * `data_dir_unusable` when it cannot be written.
 */
export function lockDataDir(dataDir: string): DataLock {
  const lock = openLock(dataDir)
  try {
    // Writing the header proves that this is no read-only file, which could be locked by many.
    lock.exec('pragma journal_mode = memory; begin exclusive; pragma user_version = 1')
  } catch (cause) {
    lock.close()
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY) {
      throw new AppError('data_dir_in_use', { cause, details: { dataDir } })
    }
    throw notWritable(dataDir, cause)
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

function openLock(dataDir: string): DatabaseSync {
  try {
    mkdirSync(dataDir, { recursive: true })
    return new DatabaseSync(path.join(dataDir, 'owner.lock'), { timeout: 0 })
  } catch (cause) {
    throw notWritable(dataDir, cause)
  }
}

function notWritable(dataDir: string, cause: unknown): AppError {
  return new AppError('data_dir_unusable', {
    cause,
    details: {
      dataDir,
      reason: 'The current user may not write to it.',
      hint: 'Start as the user who made it, or remove the folder.',
    },
  })
}
