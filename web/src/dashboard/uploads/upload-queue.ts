/**
 * Uploads of the page. Each file goes to Storage in parts and is then submitted as a document of its incident. An upload
 * that is cut off continues at the last byte that Storage has, by itself when the network is back.
 *
 *   waiting ──▶ uploading ──▶ submitting ──▶ done
 *      ▲           │ ▲             │
 *      │           ▼ │ network     ├── no answer ──▶ interrupted
 *      │       interrupted         └── refused ──▶ failed
 *      └── retry ── failed                cancel, from anywhere before done ──▶ gone
 *
 * Uploads that are done leave the list together: 4 s after no upload of their incident is under way any more, and not
 * while the list is held.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { BaseStore } from '../../shared/base-store.ts'

export type UploadStatus = 'waiting' | 'uploading' | 'interrupted' | 'submitting' | 'done' | 'failed'

export interface UploadItem {
  id: string
  incidentId: string
  file: File
  status: UploadStatus
  /** Bytes that the server has. */
  sent: number
  /** Why the upload failed. */
  reason: string | null
  /** The file itself was refused, so another try would be, too. */
  final: boolean
  /** The upload continued one of an earlier visit or try. */
  resumed: boolean
}

export interface UploadsState {
  items: readonly UploadItem[]
}

/** Why no upload leaves the list by itself: the pointer is over the list, the focus is in it, or the page is touched. */
export type HoldReason = 'hover' | 'focus' | 'press'

export interface Transfer {
  /** Stops. The parts that were sent stay in Storage. */
  pause(): void
  /** Stops, and removes the parts that were sent. */
  cancel(): void
}

export interface TransferEvents {
  progress(sent: number): void
  resumed(): void
  /** @param path name of the object in Storage. */
  done(path: string): void
  /** @param refused the server's reason; null where the connection failed. */
  failed(refused: string | null): void
}

/** Puts a file into the bucket `uploads`, in parts. */
export type StartTransfer = (
  item: Pick<UploadItem, 'incidentId' | 'file'>,
  events: TransferEvents,
) => Transfer

export interface UploadQueueOptions {
  transfer: StartTransfer
  /** Makes a document of the object. @throws AppError for a refusal; any other error where the server did not answer. */
  submit(incidentId: string, path: string, fileName: string): Promise<void>
  /** The object is submitted or refused: the record for resuming the upload can be removed. */
  submitted(item: UploadItem): void
  timers?: { set(callback: () => void, ms: number): unknown; clear(handle: unknown): void }
  newId?: () => string
}

/** Bytes; the limit of the bucket. */
export const MAX_BYTES = 26_214_400
const AT_ONCE = 3
/** Milliseconds after which an interrupted upload is tried again, where the browser reports no change of the network. */
const RETRY_AFTER = 10_000
/** Milliseconds that uploads stay in the list after the last of them is done. */
const DONE_LASTS = 4_000
const ACCEPTED =
  /^(image\/(jpeg|png|webp|heic|heif)|audio\/.*|video\/(webm|mp4|ogg|quicktime)|application\/(pdf|ogg))$/

export class UploadQueue extends BaseStore<UploadsState> {
  readonly #options: UploadQueueOptions
  readonly #timers: NonNullable<UploadQueueOptions['timers']>
  readonly #newId: () => string
  readonly #transfers = new Map<string, Transfer>()
  /** Upload id -> name of the object that is in Storage and has not been submitted. */
  readonly #paths = new Map<string, string>()
  /** Incident id -> timer that removes the incident's uploads that are done. */
  readonly #removals = new Map<string, unknown>()
  readonly #holds = new Set<HoldReason>()
  #retry: unknown = null

  constructor(options: UploadQueueOptions) {
    super({ items: [] })
    this.#options = options
    this.#newId = options.newId ?? (() => crypto.randomUUID())
    this.#timers = options.timers ?? {
      set: (work, ms) => setTimeout(work, ms),
      clear: (handle) => clearTimeout(Number(handle)),
    }
  }

  get items(): readonly UploadItem[] {
    return this.state.items
  }

  /** Whether leaving the page would interrupt an upload. */
  get busy(): boolean {
    return this.items.some(({ status }) => status !== 'done' && status !== 'failed')
  }

  add(incidentId: string, files: Iterable<File>): void {
    const added = Array.from(files, (file): UploadItem => {
      const reason = refusal(file)
      return {
        id: this.#newId(),
        incidentId,
        file,
        status: reason === null ? 'waiting' : 'failed',
        sent: 0,
        reason,
        final: reason !== null,
        resumed: false,
      }
    })
    this.#setItems([...this.items, ...added])
    this.#startNext()
  }

  cancel(id: string): void {
    this.#transfers.get(id)?.cancel()
    this.#forget(id)
    this.#setItems(this.items.filter((item) => item.id !== id))
    this.#startNext()
  }

  retry(id: string): void {
    const item = this.#item(id)
    if (item === undefined || refusal(item.file) !== null) return
    this.#change(id, { status: 'waiting', reason: null })
    this.#startNext()
  }

  /** The network is away. Without this, a connection that was cut off may look alive for minutes. */
  interrupt(): void {
    for (const [id, transfer] of this.#transfers) {
      transfer.pause()
      this.#transfers.delete(id)
      this.#interrupted(id)
    }
  }

  /** Continues interrupted uploads: the network is back. */
  resume(): void {
    this.#timers.clear(this.#retry)
    this.#setItems(
      this.items.map((item) => (item.status === 'interrupted' ? { ...item, status: 'waiting' } : item)),
    )
    this.#startNext()
  }

  /** Removes uploads that have ended. */
  clear(): void {
    this.#setItems(this.items.filter(({ status }) => status !== 'done' && status !== 'failed'))
  }

  /** Uploads that are done stay while there is a reason; their time begins anew when the last reason goes. */
  hold(reason: HoldReason, on: boolean): void {
    if (on) this.#holds.add(reason)
    else this.#holds.delete(reason)
    this.#planRemovals()
  }

  /** Stops all uploads; each can be resumed. */
  override close(): void {
    super.close()
    this.#timers.clear(this.#retry)
    for (const timer of this.#removals.values()) this.#timers.clear(timer)
    this.#removals.clear()
    for (const transfer of this.#transfers.values()) transfer.pause()
    this.#transfers.clear()
  }

  #startNext(): void {
    if (this.isClosed) return
    const active = this.items.filter(({ status }) => status === 'uploading' || status === 'submitting').length
    const next = this.items
      .filter(({ status }) => status === 'waiting')
      .slice(0, Math.max(0, AT_ONCE - active))
    for (const item of next) {
      const path = this.#paths.get(item.id)
      if (path === undefined) this.#upload(item)
      else void this.#submit(item.id, path)
    }
  }

  #upload(item: UploadItem): void {
    const { id } = item
    this.#change(id, { status: 'uploading' })
    const transfer = this.#options.transfer(item, {
      progress: (sent) => this.#change(id, { sent }),
      resumed: () => this.#change(id, { resumed: true }),
      done: (path) => {
        this.#transfers.delete(id)
        this.#paths.set(id, path)
        void this.#submit(id, path)
      },
      failed: (refused) => {
        this.#transfers.delete(id)
        if (refused === null) this.#interrupted(id)
        else this.#change(id, { status: 'failed', reason: refused })
        this.#startNext()
      },
    })
    this.#transfers.set(id, transfer)
  }

  async #submit(id: string, path: string): Promise<void> {
    const item = this.#item(id)
    if (item === undefined) return
    this.#change(id, { status: 'submitting', sent: item.file.size })
    try {
      await this.#options.submit(item.incidentId, path, item.file.name)
      this.#options.submitted(item)
      this.#forget(id)
      // From here on, the document's own card shows its state.
      this.#change(id, { status: 'done' })
    } catch (error) {
      if (error instanceof AppError && error.status < 500 && error.status !== 429) {
        // The object cannot be submitted again: the next try uploads the file anew.
        this.#options.submitted(item)
        this.#forget(id)
        this.#change(id, { status: 'failed', reason: error.message, sent: 0 })
      } else this.#interrupted(id)
    }
    this.#startNext()
  }

  #interrupted(id: string): void {
    if (this.isClosed) return
    this.#change(id, { status: 'interrupted' })
    this.#timers.clear(this.#retry)
    this.#retry = this.#timers.set(() => this.resume(), RETRY_AFTER)
  }

  #item(id: string): UploadItem | undefined {
    return this.items.find((item) => item.id === id)
  }

  #forget(id: string): void {
    this.#transfers.delete(id)
    this.#paths.delete(id)
  }

  #change(id: string, change: Partial<UploadItem>): void {
    this.#setItems(this.items.map((item) => (item.id === id ? { ...item, ...change } : item)))
  }

  #setItems(items: readonly UploadItem[]): void {
    if (this.isClosed) return
    this.change({ items })
    this.#planRemovals()
  }

  /** All uploads of an incident leave together: one after the other would move the page below them each time. */
  #planRemovals(): void {
    const incidentsWith = (statuses: readonly UploadStatus[]) =>
      new Set(this.items.filter(({ status }) => statuses.includes(status)).map((item) => item.incidentId))
    const busy = incidentsWith(UNDER_WAY)
    const removable = this.#holds.size > 0 ? new Set<string>() : incidentsWith(['done'])
    for (const incidentId of busy) removable.delete(incidentId)
    for (const [incidentId, timer] of this.#removals) {
      if (removable.has(incidentId)) continue
      this.#timers.clear(timer)
      this.#removals.delete(incidentId)
    }
    for (const incidentId of removable) {
      if (this.#removals.has(incidentId)) continue
      this.#removals.set(
        incidentId,
        this.#timers.set(() => this.#removeDone(incidentId), DONE_LASTS),
      )
    }
  }

  #removeDone(incidentId: string): void {
    this.#removals.delete(incidentId)
    this.#setItems(this.items.filter((item) => item.status !== 'done' || item.incidentId !== incidentId))
  }
}

/** Statuses that become `done` without a new attempt. */
const UNDER_WAY: readonly UploadStatus[] = ['waiting', 'uploading', 'submitting']

/** Why a file is not uploaded at all; null where it is. The server decides by the file's bytes, not by its type. */
export function refusal(file: Pick<File, 'size' | 'type'>): string | null {
  if (file.size === 0) return 'The file is empty.'
  if (file.size > MAX_BYTES) return 'The file is larger than 25 MB.'
  // Browsers give no type for some files, HEIC photos among them.
  if (file.type !== '' && !ACCEPTED.test(file.type)) return 'Photos, voice notes and PDF files can be added.'
  return null
}
