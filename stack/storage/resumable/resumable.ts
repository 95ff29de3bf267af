/**
 * Resumable uploads: TUS 1.0 at `/upload/resumable`, as hosted Supabase Storage has it.
 *
 *   POST    begin: bucketName, objectName, contentType in Upload-Metadata; x-upsert   -> 201, Location
 *   PATCH   append at Upload-Offset                                                   -> 204, Upload-Offset
 *   HEAD    how far it is                                                             -> 200, Upload-Offset
 *   DELETE  give it up                                                                -> 204
 *
 * Every request is checked against the policies on storage.objects as an upload of the whole object by its caller. The
 * last byte makes the object. A client that did not hear the answer to that asks with HEAD and learns that all is there.
 */

import { randomUUID } from 'node:crypto'
import type { Caller, Logger } from '../../types.ts'
import { isUpsert } from '../address.ts'
import type { Objects } from '../objects.ts'
import type { BucketRow } from '../rows.ts'
import type { Arriving } from './arriving.ts'
import { ResumableError, refusalOf } from './errors.ts'
import {
  checkVersion,
  describedUpload,
  encodeMetadata,
  hasUploadBody,
  patchOffset,
  TUS_EXTENSIONS,
  TUS_VERSION,
} from './headers.ts'
import { TooMuch, type UploadRecord, type UploadStore } from './upload-store.ts'

export interface ResumableOptions {
  objects: Objects
  uploads: UploadStore
  arriving: Arriving
  logger: Logger
  /** Bytes of one object at most; buckets may allow less. */
  maxBytes: number
  /** @throws StorageError `NoSuchBucket`. */
  bucket(id: string): Promise<BucketRow>
  clock?: () => number
}

/** Milliseconds until an upload is given up, as on hosted Supabase. */
const LIFETIME = 24 * 60 * 60 * 1000

export class Resumable {
  readonly #objects: Objects
  readonly #uploads: UploadStore
  readonly #arriving: Arriving
  readonly #logger: Logger
  readonly #maxBytes: number
  readonly #bucket: ResumableOptions['bucket']
  readonly #clock: () => number
  /** Upload -> its one writer. */
  readonly #writers = new Map<string, { stop: AbortController; ended: Promise<unknown> }>()
  /** Upload -> the object that is being made of it. */
  readonly #completions = new Map<string, Promise<UploadRecord>>()

  constructor({ objects, uploads, arriving, logger, maxBytes, bucket, clock = Date.now }: ResumableOptions) {
    this.#objects = objects
    this.#uploads = uploads
    this.#arriving = arriving
    this.#logger = logger
    this.#maxBytes = maxBytes
    this.#bucket = bucket
    this.#clock = clock
  }

  async open(): Promise<void> {
    await this.#sweep()
    await this.#arriving.restore(await this.#uploads.unfinished())
  }

  /** Removes what has expired. */
  async #sweep(): Promise<void> {
    const removed = await this.#uploads.sweep(this.#clock())
    if (removed.length === 0) return
    await this.#arriving.end(removed)
    this.#logger.info('storage', 'removed uploads that were given up', { uploads: removed.length })
  }

  /** @param id what follows the endpoint's path; empty for the endpoint itself. */
  async fetch(request: Request, caller: Caller, id: string): Promise<Response> {
    try {
      return await this.#route(request, caller, id)
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === undefined) throw error
      if (refusal.status >= 500) throw error
      return new Response(refusal.message, { status: refusal.status, headers: headers() })
    }
  }

  async #route(request: Request, caller: Caller, id: string): Promise<Response> {
    if (request.method === 'OPTIONS') {
      return new Response(null, {
        status: 204,
        headers: headers({
          'tus-version': TUS_VERSION,
          'tus-extension': TUS_EXTENSIONS,
          'tus-max-size': String(this.#maxBytes),
        }),
      })
    }
    checkVersion(request)
    if (request.method === 'POST' && id === '') return this.#create(request, caller)
    if (id === '') throw new ResumableError('method')
    if (request.method === 'HEAD') return this.#head(caller, id)
    if (request.method === 'PATCH') return this.#patch(request, caller, id)
    if (request.method === 'DELETE') return this.#delete(caller, id)
    throw new ResumableError('method')
  }

  async #create(request: Request, caller: Caller): Promise<Response> {
    const description = describedUpload(request)
    const bucket = await this.#bucket(description.bucket)
    if (description.length > Math.min(this.#maxBytes, Number(bucket.file_size_limit ?? this.#maxBytes))) {
      throw new ResumableError('too_large')
    }
    const owner = caller.claims.sub
    const record: UploadRecord = {
      ...description,
      id: randomUUID(),
      ...(owner === undefined ? {} : { owner }),
      upsert: isUpsert(request),
      offset: 0,
      finished: false,
      expiresAt: this.#clock() + LIFETIME,
    }
    await this.#sweep()
    await this.#arriving.begin(record, () => this.#objects.checkPlanned(caller, bucket, record))
    await this.#uploads.create(record)
    const location = new URL(request.url)
    location.search = ''
    location.pathname = `${location.pathname.replace(/\/+$/, '')}/${record.id}`
    const begun =
      hasUploadBody(request) || record.length === 0 ? await this.#append(request, caller, record) : record
    return new Response(null, {
      status: 201,
      headers: headers({ ...progressOf(begun), location: location.href }),
    })
  }

  #head(caller: Caller, id: string): Promise<Response> {
    // The connection of a writer that was cut off may look alive for a long time: whoever asks takes over.
    return this.#takeOver(caller, id, async (found) => {
      const record = found.offset === found.length ? await this.#complete(caller, found) : found
      return new Response(null, {
        status: 200,
        headers: headers({
          ...progressOf(record),
          'upload-length': String(record.length),
          'upload-metadata': encodeMetadata({
            bucketName: record.bucket,
            objectName: record.name,
            contentType: record.mimetype,
          }),
        }),
      })
    })
  }

  async #patch(request: Request, caller: Caller, id: string): Promise<Response> {
    const offset = patchOffset(request)
    const appended = await this.#takeOver(caller, id, (record) => {
      if (offset !== record.offset) throw new ResumableError('offset_conflict')
      return this.#append(request, caller, record)
    })
    return new Response(null, { status: 204, headers: headers(progressOf(appended)) })
  }

  async #delete(caller: Caller, id: string): Promise<Response> {
    await this.#takeOver(caller, id, () => this.#remove(id))
    return new Response(null, { status: 204, headers: headers() })
  }

  async #append(request: Request, caller: Caller, record: UploadRecord): Promise<UploadRecord> {
    const stop = new AbortController()
    const work = this.#write(request, record, stop.signal)
    const writer = { stop, ended: work.catch(() => undefined) }
    this.#writers.set(record.id, writer)
    try {
      const appended = await work
      return appended.offset === appended.length ? await this.#complete(caller, appended) : appended
    } finally {
      if (this.#writers.get(record.id) === writer) this.#writers.delete(record.id)
    }
  }

  async #write(request: Request, record: UploadRecord, signal: AbortSignal): Promise<UploadRecord> {
    try {
      return await this.#uploads.append(record, chunksOf(request, signal))
    } catch (error) {
      if (error instanceof TooMuch) throw new ResumableError('too_large')
      throw error
    }
  }

  /** Ends the writer of an upload, if there is one, and waits until what it wrote is safe. */
  async #interrupt(id: string): Promise<void> {
    for (let writer = this.#writers.get(id); writer !== undefined; writer = this.#writers.get(id)) {
      writer.stop.abort()
      await writer.ended
      if (this.#writers.get(id) === writer) this.#writers.delete(id)
    }
  }

  /** Starts `work` with nobody else writing. Of two that come at once, one is the other's predecessor. */
  async #takeOver<Result>(
    caller: Caller,
    id: string,
    work: (record: UploadRecord) => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      await this.#interrupt(id)
      const record = await this.#find(caller, id)
      // Somebody may have begun to write while it was being found. No `await` between this look and the work.
      if (!this.#writers.has(id)) return work(record)
    }
  }

  /** Makes the object, once: whoever comes while it is being made waits for it. */
  #complete(caller: Caller, record: UploadRecord): Promise<UploadRecord> {
    if (record.finished) return Promise.resolve(record)
    const known = this.#completions.get(record.id)
    if (known !== undefined) return known
    const completion = this.#objects
      .adopt(caller, record, this.#uploads.bytesOf(record.id))
      .then(() => this.#uploads.finish(record))
      .then(async (finished) => {
        await this.#arriving.end([record.id])
        return finished
      })
      .finally(() => this.#completions.delete(record.id))
    this.#completions.set(record.id, completion)
    return completion
  }

  async #remove(id: string): Promise<void> {
    await this.#uploads.remove(id)
    await this.#arriving.end([id])
  }

  /** @throws ResumableError `not_found` also for other people's uploads; StorageError where policies refuse. */
  async #find(caller: Caller, id: string): Promise<UploadRecord> {
    const record = await this.#uploads.find(id)
    if (record === undefined || record.owner !== caller.claims.sub) throw new ResumableError('not_found')
    if (record.expiresAt <= this.#clock()) {
      await this.#remove(id)
      throw new ResumableError('expired')
    }
    // What has all its bytes is checked when it becomes an object, and may be one already.
    if (record.offset < record.length) {
      await this.#objects.checkPlanned(caller, await this.#bucket(record.bucket), record)
    }
    return record
  }
}

function progressOf({ offset, expiresAt }: UploadRecord): Record<string, string> {
  return { 'upload-offset': String(offset), 'upload-expires': new Date(expiresAt).toUTCString() }
}

function headers(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { 'tus-resumable': TUS_VERSION, 'cache-control': 'no-store', ...more }
}

/** Ends with an error when it is interrupted, also while nothing comes. */
async function* chunksOf(request: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (request.body === null) return
  const reader = request.body.getReader()
  const interrupted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  interrupted.catch(() => undefined)
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), interrupted])
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
