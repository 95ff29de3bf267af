/**
 * Uploads under way, where policies can see them: rows of `storage.s3_multipart_uploads`, in which hosted Storage has the
 * multipart uploads of its S3 protocol. A policy that counts them bounds what somebody may begin and never end.
 */

import { SERVICE, type StorageDatabase } from '../database.ts'
import type { UploadRecord } from './upload-store.ts'

const OPERATION = { operation: 'storage.tus.upload.create' }

export class Arriving {
  readonly #database: StorageDatabase
  /** Owner -> the last of those who wait to begin: a count and the row that follows from it are one step. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(database: StorageDatabase) {
    this.#database = database
  }

  /** Adds a row after `check` has had nothing against it. @throws what `check` throws; StorageError. */
  async begin(record: UploadRecord, check: () => Promise<void>): Promise<void> {
    const owner = record.owner ?? ''
    const turn = (this.#turns.get(owner) ?? Promise.resolve()).then(async () => {
      await check()
      await this.#add([record])
    })
    const ended = turn.catch(() => undefined)
    this.#turns.set(owner, ended)
    try {
      await turn
    } finally {
      if (this.#turns.get(owner) === ended) this.#turns.delete(owner)
    }
  }

  async end(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await this.#database.transaction(SERVICE, OPERATION, (transaction) =>
      transaction.query('delete from storage.s3_multipart_uploads where id = any ($1)', [ids]),
    )
  }

  /** These and no others: after a start, where a row or its upload may have been left over. */
  async restore(records: readonly UploadRecord[]): Promise<void> {
    await this.#database.transaction(SERVICE, OPERATION, (transaction) =>
      transaction.query('delete from storage.s3_multipart_uploads where id <> all ($1)', [
        records.map(({ id }) => id),
      ]),
    )
    await this.#add(records)
  }

  async #add(records: readonly UploadRecord[]): Promise<void> {
    if (records.length === 0) return
    await this.#database.transaction(SERVICE, OPERATION, (transaction) =>
      transaction.query(
        `insert into storage.s3_multipart_uploads (id, upload_signature, bucket_id, key, version, owner_id)
         select given.id, '', given.bucket, given.name, given.id, given.owner
         from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given (id, bucket, name, owner)
         join storage.buckets as bucket on bucket.id = given.bucket
         on conflict (id) do nothing`,
        [
          records.map(({ id }) => id),
          records.map(({ bucket }) => bucket),
          records.map(({ name }) => name),
          records.map(({ owner }) => owner ?? null),
        ],
      ),
    )
  }
}
