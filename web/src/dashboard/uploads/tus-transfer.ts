/** Resumable uploads to Supabase Storage by TUS. Loaded when the first file is added. */

import { DetailedError, defaultOptions, type PreviousUpload, Upload } from 'tus-js-client'
import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import { tryAgainWhileAway } from './server-away.ts'
import type { StartTransfer, Transfer, TransferEvents, UploadItem } from './upload-queue.ts'

export interface TusOptions {
  /** The backend's origin. */
  supabaseUrl: string
  publishableKey: string
  /** The signed-in user's token, fresh. @throws Error where there is none. */
  accessToken(): Promise<string>
}

/** Bytes. Supabase takes parts of exactly this size; only the last may be smaller. */
const PART = 6 * 1024 * 1024
const BUCKET = 'uploads'
/** Milliseconds before each further attempt. After these attempts the upload counts as interrupted. */
const RETRY_DELAYS = [0, 1_000, 3_000]
/** Milliseconds without a byte after which a connection counts as lost. */
const STALLED_AFTER = 30_000

export function createTusTransfer(options: TusOptions): StartTransfer {
  return (item, events) => start(item, events, options)
}

/** Recognises a file that is added to the same incident again, also after the page was reloaded. */
export function fingerprintOf({ incidentId, file }: Pick<UploadItem, 'incidentId' | 'file'>): string {
  return ['claimwire-upload', incidentId, file.name, file.type, file.size, file.lastModified].join('|')
}

/** Removes the record by which the upload could be resumed. */
export async function forgetUpload(item: Pick<UploadItem, 'incidentId' | 'file'>): Promise<void> {
  const { urlStorage: storage } = defaultOptions
  const previous = (await storage?.findUploadsByFingerprint(fingerprintOf(item))) ?? []
  for (const { urlStorageKey } of previous) await storage?.removeUpload(urlStorageKey)
}

function start(
  item: Pick<UploadItem, 'incidentId' | 'file'>,
  events: TransferEvents,
  { supabaseUrl, publishableKey, accessToken }: TusOptions,
): Transfer {
  let path = `${item.incidentId}/${crypto.randomUUID()}`
  let ended = false
  let watchdog: ReturnType<typeof setTimeout> | undefined
  const upload = new Upload(item.file, {
    endpoint: `${supabaseUrl}/storage/v1/upload/resumable`,
    chunkSize: PART,
    retryDelays: RETRY_DELAYS,
    removeFingerprintOnSuccess: false,
    fingerprint: async () => fingerprintOf(item),
    metadata: {
      bucketName: BUCKET,
      objectName: path,
      contentType: item.file.type || 'application/octet-stream',
      cacheControl: '3600',
    },
    headers: { apikey: publishableKey, 'x-upsert': 'false' },
    async onBeforeRequest(request) {
      request.setHeader('authorization', `Bearer ${await accessToken()}`)
    },
    onAfterResponse: tryAgainWhileAway,
    onShouldRetry: (error) => navigator.onLine && refusalOf(error) === null,
    onProgress(sent) {
      watch()
      events.progress(sent)
    },
    onSuccess() {
      clearTimeout(watchdog)
      events.done(path)
    },
    onError(error) {
      clearTimeout(watchdog)
      if (!ended) events.failed(refusalOf(error))
    },
  })

  function watch(): void {
    clearTimeout(watchdog)
    watchdog = setTimeout(() => {
      if (ended) return
      end(false)
      events.failed(null)
    }, STALLED_AFTER)
  }

  /** @param remove the parts that were sent; where that fails, Storage removes them when they expire. */
  function end(remove: boolean): void {
    ended = true
    clearTimeout(watchdog)
    upload.abort(remove).catch(() => undefined)
  }

  watch()
  void begin()

  async function begin(): Promise<void> {
    const previous = latest(await upload.findPreviousUploads())
    if (ended) return
    const objectName = previous?.metadata.objectName
    if (previous !== null && objectName !== undefined) {
      path = objectName
      upload.options.metadata = { ...upload.options.metadata, objectName }
      upload.resumeFromPreviousUpload(previous)
      events.resumed()
    }
    upload.start()
  }

  return { pause: () => end(false), cancel: () => end(true) }
}

function latest(previous: readonly PreviousUpload[]): PreviousUpload | null {
  return previous.toSorted((a, b) => Date.parse(b.creationTime) - Date.parse(a.creationTime))[0] ?? null
}

/** The error code in a refusal of Storage, which has status 403 as every refusal of a policy. */
const TOO_MANY = 'too_many_uploads' satisfies ErrorCode

/** Why the server refused the file; null where it did not answer, or may accept the file later. */
function refusalOf(error: Error): string | null {
  const response = error instanceof DetailedError ? error.originalResponse : undefined
  return refusalWords(response?.getStatus() ?? 0, response?.getBody() ?? '')
}

/** @param status 0 where there was no answer. @returns null for a refusal that may end by itself. */
export function refusalWords(status: number, body: string): string | null {
  if (status === 0 || status >= 500 || status === 409 || status === 423 || status === 429) return null
  // There is room again when some of the user's uploads have been processed.
  if (body.includes(TOO_MANY)) return null
  if (status === 401 || status === 403) return 'You may not add files to this incident.'
  if (status === 413) return 'The file is larger than 25 MB.'
  if (status === 415) return 'Files of this type cannot be added.'
  return 'The server did not accept the file.'
}
