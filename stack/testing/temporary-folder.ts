/** Temporary folders for databases: in memory where enough is free, because a clone then takes a tenth of the time. */

import { access, constants, mkdtemp, statfs } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import path from 'node:path'

const MEMORY_FOLDER = '/dev/shm'
/** Bytes; a full run needs a fraction of it. */
const MEMORY_NEEDED = 4 * 1024 ** 3

/** A later run removes unused folders with this name. */
export const TEST_FOLDER_PREFIX = 'claimwire-test-'

/** Where {@link temporaryDataFolder} creates folders. */
export const TEMPORARY_PARENTS: readonly string[] = [MEMORY_FOLDER, tmpdir()]

/** @param prefix of the new folder's name. @returns its absolute path; only the current user may enter it. */
export async function temporaryDataFolder(prefix: string): Promise<string> {
  return mkdtemp(path.join((await isSpacious(MEMORY_FOLDER)) ? MEMORY_FOLDER : tmpdir(), prefix))
}

async function isSpacious(folder: string): Promise<boolean> {
  try {
    const [space] = await Promise.all([statfs(folder), access(folder, constants.W_OK)])
    return space.bavail * space.bsize > MEMORY_NEEDED && freemem() > MEMORY_NEEDED
  } catch {
    return false // not every system has one
  }
}
