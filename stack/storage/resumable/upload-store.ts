/**
 * Uploads under way, on disk: `<dir>/<id>.json` says what is known, `<dir>/<id>.bin` holds the bytes. Only bytes that
 * are safe on disk count: the offset is written after them, so what was cut off in between is sent again.
 */

import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import type { UploadDescription } from './headers.ts'

export interface UploadRecord extends UploadDescription {
  /** Also the version of the object that it becomes. */
  id: string
  /** User id of whoever began it; undefined for `service_role`. */
  owner?: string
  upsert: boolean
  /** Bytes that are safe. */
  offset: number
  /** The object is there. */
  finished: boolean
  /** Milliseconds since 1970. */
  expiresAt: number
}

const RECORD = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.json$/

export class UploadStore {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
  }

  async create(record: UploadRecord): Promise<void> {
    await writeFile(this.bytesOf(record.id), '', { flag: 'wx', mode: 0o600 })
    await this.save(record)
  }

  /** Replaces what is known of the upload; safe on disk when this returns. */
  async save(record: UploadRecord): Promise<void> {
    const temporary = `${this.#recordOf(record.id)}.new`
    await writeFile(temporary, JSON.stringify(record), { mode: 0o600, flush: true })
    await rename(temporary, this.#recordOf(record.id))
  }

  async find(id: string): Promise<UploadRecord | undefined> {
    if (!RECORD.test(`${id}.json`)) return undefined
    const text = await readFile(this.#recordOf(id), 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    // Written by `save` alone, and whole, as it is put in place by a rename.
    return text === undefined ? undefined : (JSON.parse(text) as UploadRecord)
  }

  bytesOf(id: string): string {
    return join(this.#dir, `${id}.bin`)
  }

  /**
   * Appends what the stream holds, at most as much as is missing, and keeps what came before it broke off.
   * @returns the record with its new offset.
   */
  async append(record: UploadRecord, source: AsyncIterable<Uint8Array>): Promise<UploadRecord> {
    const path = this.bytesOf(record.id)
    await truncate(path, record.offset)
    const handle = await open(path, 'r+')
    let { offset } = record
    try {
      offset = await write(handle, source, record)
    } finally {
      await handle.close()
    }
    const appended = { ...record, offset }
    if (offset !== record.offset) await this.save(appended)
    return appended
  }

  /** The bytes are an object now. */
  async finish(record: UploadRecord): Promise<UploadRecord> {
    const finished = { ...record, finished: true }
    await this.save(finished)
    await rm(this.bytesOf(record.id), { force: true })
    return finished
  }

  async remove(id: string): Promise<void> {
    await rm(this.#recordOf(id), { force: true })
    await rm(this.bytesOf(id), { force: true })
  }

  /** @returns those that had expired. */
  async sweep(now: number): Promise<string[]> {
    const expired = (await this.#all()).filter((record) => record.expiresAt <= now).map(({ id }) => id)
    for (const id of expired) await this.remove(id)
    return expired
  }

  /** Those whose object is still to be made. */
  async unfinished(): Promise<UploadRecord[]> {
    return (await this.#all()).filter((record) => !record.finished)
  }

  async #all(): Promise<UploadRecord[]> {
    const records: UploadRecord[] = []
    for (const name of await readdir(this.#dir)) {
      const id = RECORD.exec(name)?.[1]
      const record = id === undefined ? undefined : await this.find(id)
      if (record !== undefined) records.push(record)
    }
    return records
  }

  #recordOf(id: string): string {
    return join(this.#dir, `${id}.json`)
  }
}

/** @returns the offset up to which everything is safe; a source that breaks off ends it without an error. */
async function write(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array>,
  record: UploadRecord,
): Promise<number> {
  let { offset } = record
  try {
    for await (const chunk of source) {
      const bytes = chunk.subarray(0, record.length - offset)
      let written = 0
      while (written < bytes.byteLength) {
        const { bytesWritten } = await handle.write(
          bytes,
          written,
          bytes.byteLength - written,
          offset + written,
        )
        written += bytesWritten
      }
      offset += written
      if (bytes.byteLength < chunk.byteLength) throw new TooMuch()
    }
  } catch (error) {
    if (error instanceof TooMuch || isDiskFailure(error)) throw error
    // The client went away or was cut off: what it sent so far counts.
  }
  await handle.sync()
  return offset
}

/** More bytes than the client had announced for the whole object. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

function isDiskFailure(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write' && 'errno' in error
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
