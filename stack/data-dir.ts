/** The folder of everything that an embedded stack keeps: database, objects, keys. */

import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../functions-shared/app-error.ts'

/** Why a folder cannot be used, in words that tell what to do. */
const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'There is a file of that name.',
  ENOTDIR: 'Its path leads through a file.',
  EACCES: 'The current user may not write to it.',
  EPERM: 'The current user may not write to it.',
  EROFS: 'It is on a read-only file system.',
  ENOSPC: 'There is no space left.',
}

/**
 * Makes the folder where it is missing, and checks that it can be written.
 * @throws AppError `data_dir_unusable`.
 */
export async function ensureDataDir(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir)
    await access(dataDir, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const code = codeOf(cause)
    throw new AppError('data_dir_unusable', {
      cause,
      details: {
        dataDir,
        reason: REASONS[code] ?? `It cannot be made (${code}).`,
        hint: 'Name another folder with --data-dir.',
      },
    })
  }
}

/**
 * Node's own `recursive` tells of a missing folder where the file system is read-only, and never ends where a folder
 * cannot be made below one that is there, as in `/proc`.
 */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && dirname(folder) !== folder) {
      await makeFolder(dirname(folder))
      await mkdir(folder)
    } else if (codeOf(error) !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
