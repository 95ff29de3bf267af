/** The folder in which an embedded stack keeps its database, objects and keys. */

import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../functions-shared/app-error.ts'

/** Reasons why a folder cannot be used, by the error's code. */
const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'A file has that name.',
  ENOTDIR: 'A part of its path is a file.',
  EACCES: 'The current user may not write to it.',
  EPERM: 'The current user may not write to it.',
  EROFS: 'It is on a read-only file system.',
  ENOSPC: 'There is no space left.',
}

/**
 * Creates the folder if it is missing, and checks that it can be written.
 * @throws AppError `data_dir_unusable`
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
        reason: REASONS[code] ?? `It cannot be created (${code}).`,
        hint: 'Name another folder with --data-dir.',
      },
    })
  }
}

/**
 * Node's `mkdir` with `recursive` reports a missing folder where the file system is read-only, and never ends where a
 * folder cannot be created below an existing one, as in `/proc`.
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
