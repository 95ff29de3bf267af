/**
 * Bytes on disk, one file per version of an object: `<dir>/objects/<first two characters>/<version>`.
 *
 *   incoming stream -> <dir>/incoming/<version> -> fsync -> rename -> fsync of the folder -> (row is committed)
 *
 * A row is written once its file is safe on disk, and a file is removed once its row is gone. A file without a row is left
 * over from an upload that was cut off or from a version that was replaced: `sweep` removes it.
 */

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { constants, copyFile, type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StorageError } from './errors.ts'

export interface StoredBlob {
  version: string
  /** Bytes. */
  size: number
  /** MD5 in hexadecimal, which S3 and hosted Supabase use as the entity tag. */
  md5: string
}

const VERSION = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export class BlobStore {
  readonly #objects: string
  readonly #incoming: string

  constructor(dir: string) {
    this.#objects = join(dir, 'objects')
    this.#incoming = join(dir, 'incoming')
  }

  /** Makes the folders, and removes the bytes of uploads that were cut off. */
  async open(): Promise<void> {
    await rm(this.#incoming, { recursive: true, force: true })
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 })
    await mkdir(this.#objects, { recursive: true, mode: 0o700 })
  }

  /**
   * Writes the stream under a new version. The bytes are on disk when this returns.
   * @throws StorageError `EntityTooLarge` beyond `maxBytes`. Nothing is kept then, or when the stream breaks off.
   */
  async write(source: Readable, maxBytes: number): Promise<StoredBlob> {
    const version = randomUUID()
    const temporary = join(this.#incoming, version)
    const hash = createHash('md5')
    let size = 0
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.byteLength
        if (size > maxBytes) return done(new StorageError('EntityTooLarge'))
        hash.update(chunk)
        done(null, chunk)
      },
    })
    try {
      await pipeline(source, meter, createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }))
      await this.#adopt(temporary, version)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    return { version, size, md5: hash.digest('hex') }
  }

  /** A second copy of the bytes, under a new version. @throws as `read`. */
  async copy(version: string): Promise<string> {
    const copied = randomUUID()
    const temporary = join(this.#incoming, copied)
    try {
      await copyFile(this.#path(version), temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
      await syncPath(temporary)
      await this.#adopt(temporary, copied)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    return copied
  }

  /**
   * Copies a finished file under a version that was chosen before. The file itself stays. A second copy replaces the first
   * with the same bytes.
   */
  async adopt(path: string, version: string): Promise<StoredBlob> {
    const temporary = join(this.#incoming, randomUUID())
    const hash = createHash('md5')
    let size = 0
    try {
      for await (const chunk of createReadStream(path)) {
        hash.update(chunk)
        size += chunk.length
      }
      await copyFile(path, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
      await syncPath(temporary)
      await this.#adopt(temporary, version)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    return { version, size, md5: hash.digest('hex') }
  }

  /** @returns undefined where there are no such bytes. The caller closes the handle. */
  async openVersion(version: string): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(version), 'r')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /** Bytes `start` to `end`, both included. The stream closes the handle when it ends. */
  read(handle: FileHandle, start: number, end: number): Readable {
    return createReadStream('', { fd: handle, start, end, autoClose: true })
  }

  /** Ignores versions that have no bytes. */
  async remove(versions: readonly string[]): Promise<void> {
    const known = versions.filter((version) => VERSION.test(version))
    await Promise.all(known.map((version) => rm(this.#path(version), { force: true })))
  }

  /**
   * Removes every version that `known` does not return. Call it only while nothing is being uploaded.
   * @returns the number of versions removed.
   */
  async sweep(known: (versions: readonly string[]) => Promise<ReadonlySet<string>>): Promise<number> {
    let removed = 0
    for (const folder of await readdir(this.#objects)) {
      const versions = (await readdir(join(this.#objects, folder))).filter((name) => VERSION.test(name))
      const kept = await known(versions)
      const orphans = versions.filter((version) => !kept.has(version))
      await this.remove(orphans)
      removed += orphans.length
    }
    return removed
  }

  async #adopt(temporary: string, version: string): Promise<void> {
    const folder = join(this.#objects, version.slice(0, 2))
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncPath(this.#objects)
    await rename(temporary, this.#path(version))
    await syncPath(folder)
  }

  #path(version: string): string {
    // Versions come from the database, where an operator may have written anything.
    if (!VERSION.test(version)) throw new StorageError('NoSuchKey')
    return join(this.#objects, version.slice(0, 2), version)
  }
}

/** Windows cannot sync a folder. Its file system journals renames. */
async function syncPath(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Whether a file is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
