/**
 * Supabase Storage for the embedded stack. Rows lie in `storage.buckets` and `storage.objects`, whose row-level security
 * decides. Bytes lie on disk.
 */

import { join } from 'node:path'
import type { HttpService, Logger, StackKeys, Stoppable } from '../types.ts'
import { BlobStore } from './blob-store.ts'
import { Buckets } from './buckets.ts'
import { StorageDatabase } from './database.ts'
import { Objects } from './objects.ts'
import { createResumable, UploadStore } from './resumable/index.ts'
import { createRoutes } from './routes.ts'
import { createUrlTokens } from './url-tokens.ts'

export interface StorageServiceOptions {
  /** Connects as `authenticator`. */
  databaseUrl: string
  /** Folder of the bytes, e.g. `<dataDir>/storage`. Created when missing. */
  dir: string
  keys: Pick<StackKeys, 'signingKey'>
  logger: Logger
  /** Most bytes of one object. Buckets may allow less. Default 50 MiB. */
  fileSizeLimit?: number
}

export interface StorageService extends HttpService, Stoppable {}

const DEFAULT_FILE_SIZE_LIMIT = 50 * 1024 * 1024

/** Removes files and rows that an interrupted run has left. The database must be running. */
export async function createStorageService(options: StorageServiceOptions): Promise<StorageService> {
  const { databaseUrl, dir, keys, logger, fileSizeLimit = DEFAULT_FILE_SIZE_LIMIT } = options
  const database = new StorageDatabase(databaseUrl, logger)
  const blobs = new BlobStore(dir)
  const buckets = new Buckets(database, blobs, fileSizeLimit)
  const objects = new Objects(database, blobs, logger, buckets)
  const uploads = new UploadStore(join(dir, 'resumable'), database, objects)
  const resumable = createResumable({ store: uploads, buckets, logger })
  const tokens = createUrlTokens(keys.signingKey)
  const routes = createRoutes({ database, blobs, buckets, objects, tokens, resumable, logger })
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= database.end()
    return stopped
  }
  try {
    await blobs.open()
    await objects.sweep()
    await uploads.open()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    fetch: async (request, { caller, path }) => routes.fetch(request, { caller, path }),
    stop,
  }
}
