/**
 * Resumable uploads: TUS 1.0 at `/upload/resumable`, by `@tus/server`, which the real Storage uses, too.
 *
 *   POST    begin: bucketName, objectName, contentType in Upload-Metadata; x-upsert   -> 201, Location
 *   PATCH   append at Upload-Offset                                                   -> 204, Upload-Offset
 *   HEAD    ask how many bytes have arrived                                           -> 200, Upload-Offset
 *   DELETE  give the upload up                                                        -> 204
 */

import { randomUUID } from 'node:crypto'
import { Server } from '@tus/server'
import type { Caller, Logger } from '../../types.ts'
import type { Buckets } from '../buckets.ts'
import { toStorageError } from '../errors.ts'
import { addressedBy } from './description.ts'
import { UploadLocks } from './locks.ts'
import { decodeUploadId, encodeUploadId } from './upload-id.ts'
import { UploadStore } from './upload-store.ts'

export interface ResumableOptions {
  store: UploadStore
  buckets: Buckets
  logger: Logger
}

export { UploadStore }

/** Milliseconds that a PATCH goes on when another request wants the upload: bytes that were sent still arrive. */
const RELEASE_MS = 250

/** Answers the requests of clients. */
export type Resumable = (request: Request, caller: Caller) => Promise<Response>

export function createResumable({ store, buckets, logger }: ResumableOptions): Resumable {
  const server = new Server({
    path: '/upload/resumable',
    datastore: store,
    locker: new UploadLocks(),
    lockDrainTimeout: RELEASE_MS,
    disableTerminationForFinishedUploads: true,
    namingFunction: (_request, metadata) =>
      encodeUploadId({ ...addressedBy(metadata ?? {}), version: randomUUID() }),
    generateUrl: (request, { id }) => {
      const { origin, pathname } = new URL(request.url)
      return `${origin}${pathname.replace(/\/+$/, '')}/${id}`
    },
    getFileIdFromRequest: ({ url }) => new URL(url).pathname.split('/').at(-1),
    maxSize: async (_request, id) => {
      const bucket = id === null ? undefined : decodeUploadId(id)?.bucket
      return bucket === undefined ? buckets.maxBytes : buckets.limitOf(await buckets.find(bucket))
    },
    onIncomingRequest: async ({ method }, id) => {
      if (method !== 'POST') await store.checkOwner(id)
    },
    // The HTTP status is the particular one, unlike in the rest of Storage: clients of the protocol act on it.
    onResponseError: ({ signal }, error) => {
      if ('status_code' in error) return undefined
      if (signal.aborted) return { status_code: 400, body: 'The client went away' }
      const refusal = toStorageError(error, logger)
      return { status_code: refusal.status, body: refusal.message }
    },
  })
  return (request, caller) => {
    const upsert = request.headers.get('x-upsert') === 'true'
    return store.request.run({ caller, upsert, created: false }, () => server.handleWeb(request))
  }
}
