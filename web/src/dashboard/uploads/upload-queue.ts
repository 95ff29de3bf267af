/**
 * Files on their way to an incident. Each goes to Storage in parts and is then submitted; what is cut off goes on where
 * it was, by itself when the network is back.
 *
 *   waiting ──▶ uploading ──▶ submitting ──▶ done
 *      ▲           │ ▲             │
 *      │           ▼ │ network     ├── no answer ──▶ interrupted
 *      │       interrupted         └── refused ──▶ failed
 *      └── retry ── failed                cancel, from anywhere before done ──▶ gone
 *
 * What is done leaves the list together, once nothing of its incident is under way and nobody is at it.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'

export type UploadStatus = 'waiting' | 'uploading' | 'interrupted' | 'submitting' | 'done' | 'failed'

export interface UploadItem {
  id: string
  incidentId: string
  file: File
  status: UploadStatus
  /** Bytes that the server has. */
  sent: number
  /** Why it failed. */
  reason: string | null
  /** Trying again is of no use: the file itself was refused. */
  final: boolean
  /** It went on where an earlier visit or try had stopped. */
  resumed: boolean
}

/** Why nothing leaves the list by itself: somebody points at it, is in it by keyboard, or touches the page. */
export type HoldReason = 'hover' | 'focus' | 'press'

export interface Transfer {
  /** Stops; what was sent stays there. */
  pause(): void
  /** Stops and removes what was sent. */
  cancel(): void
}

export interface TransferEvents {
  progress(sent: number): void
  resumed(): void
  /** @param path the object's name. */
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
  /** Makes a document of the object. @throws AppError of a refusal; anything else where there was no answer. */
  submit(incidentId: string, path: string, fileName: string): Promise<void>
  /** The file is a document now: what was kept for resuming it can go. */
  submitted(item: UploadItem): void
  timers?: { set(callback: () => void, ms: number): unknown; clear(handle: unknown): void }
  newId?: () => string
}

/** As the bucket allows. */
export const MAX_BYTES = 26_214_400
const AT_ONCE = 3
/** Milliseconds until an interrupted upload tries again without a sign of the network. */
const RETRY_AFTER = 10_000
/** Milliseconds that files are still listed after the last of them was added. */
const DONE_LASTS = 4_000
const ACCEPTED = /^(image\/(jpeg|png|webp|heic|heif)|audio\/.*|video\/(webm|mp4|ogg)|application\/(pdf|ogg))$/

export class UploadQueue {
  readonly #options: UploadQueueOptions
  readonly #timers: NonNullable<UploadQueueOptions['timers']>
  readonly #newId: () => string
  readonly #listeners = new Set<() => void>()
  readonly #transfers = new Map<string, Transfer>()
  /** Objects that are there and wait for being submitted. */
  readonly #paths = new Map<string, string>()
  /** By incident: when what is done leaves. */
  readonly #farewells = new Map<string, unknown>()
  readonly #held = new Set<HoldReason>()
  #items: readonly UploadItem[] = []
  #retry: unknown = null

  constructor(options: UploadQueueOptions) {
    this.#options = options
    this.#newId = options.newId ?? (() => crypto.randomUUID())
    this.#timers = options.timers ?? {
      set: (work, ms) => setTimeout(work, ms),
      clear: (handle) => clearTimeout(Number(handle)),
    }
  }

  get items(): readonly UploadItem[] {
    return this.#items
  }

  /** Whether leaving the page would interrupt something. */
  get busy(): boolean {
    return this.#items.some(({ status }) => status !== 'done' && status !== 'failed')
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
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
    this.#items = [...this.#items, ...added]
    this.#pump()
  }

  cancel(id: string): void {
    this.#transfers.get(id)?.cancel()
    this.#forget(id)
    this.#remove(id)
  }

  retry(id: string): void {
    const item = this.#items.find((each) => each.id === id)
    if (item === undefined || refusal(item.file) !== null) return
    this.#change(id, { status: 'waiting', reason: null })
    this.#pump()
  }

  /** The network is away: a connection that is cut off may look alive for minutes. */
  interrupt(): void {
    for (const [id, transfer] of this.#transfers) {
      transfer.pause()
      this.#transfers.delete(id)
      this.#interrupted(id)
    }
  }

  /** Goes on with what was interrupted: the network is back. */
  resume(): void {
    this.#timers.clear(this.#retry)
    this.#items = this.#items.map((item) =>
      item.status === 'interrupted' ? { ...item, status: 'waiting' } : item,
    )
    this.#pump()
  }

  /** Removes what has ended. */
  clear(): void {
    this.#items = this.#items.filter(({ status }) => status !== 'done' && status !== 'failed')
    this.#tell()
  }

  /** What is done does not leave while there is a reason; its time begins anew when there is none. */
  hold(reason: HoldReason, on: boolean): void {
    if (on) this.#held.add(reason)
    else this.#held.delete(reason)
    this.#planFarewells()
  }

  /** Stops everything; what was sent can be resumed. */
  close(): void {
    this.#listeners.clear()
    this.#timers.clear(this.#retry)
    for (const farewell of this.#farewells.values()) this.#timers.clear(farewell)
    this.#farewells.clear()
    for (const transfer of this.#transfers.values()) transfer.pause()
    this.#transfers.clear()
    this.#items = []
  }

  #pump(): void {
    const active = this.#items.filter(
      ({ status }) => status === 'uploading' || status === 'submitting',
    ).length
    const next = this.#items
      .filter(({ status }) => status === 'waiting')
      .slice(0, Math.max(0, AT_ONCE - active))
    for (const item of next) {
      const path = this.#paths.get(item.id)
      if (path === undefined) this.#upload(item)
      else void this.#submit(item.id, path)
    }
    this.#tell()
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
        this.#pump()
      },
    })
    this.#transfers.set(id, transfer)
  }

  async #submit(id: string, path: string): Promise<void> {
    const item = this.#items.find((each) => each.id === id)
    if (item === undefined) return
    this.#change(id, { status: 'submitting', sent: item.file.size })
    try {
      await this.#options.submit(item.incidentId, path, item.file.name)
      this.#options.submitted(item)
      this.#forget(id)
      // From here on the document itself shows how it is.
      this.#change(id, { status: 'done' })
    } catch (error) {
      if (error instanceof AppError && error.status < 500 && error.status !== 429) {
        // The object is of no use: the next try begins anew.
        this.#options.submitted(item)
        this.#forget(id)
        this.#change(id, { status: 'failed', reason: error.message, sent: 0 })
      } else this.#interrupted(id)
    }
    this.#pump()
  }

  #interrupted(id: string): void {
    this.#change(id, { status: 'interrupted' })
    this.#timers.clear(this.#retry)
    this.#retry = this.#timers.set(() => this.resume(), RETRY_AFTER)
  }

  #remove(id: string): void {
    this.#items = this.#items.filter((item) => item.id !== id)
    this.#pump()
  }

  #forget(id: string): void {
    this.#transfers.delete(id)
    this.#paths.delete(id)
  }

  #change(id: string, change: Partial<UploadItem>): void {
    this.#items = this.#items.map((item) => (item.id === id ? { ...item, ...change } : item))
    this.#tell()
  }

  /** One after the other they would move what is below them each time. */
  #planFarewells(): void {
    const done = new Set(this.#items.filter(({ status }) => status === 'done').map(incidentOf))
    const busy = new Set(this.#items.filter(({ status }) => UNDER_WAY.has(status)).map(incidentOf))
    for (const [incidentId, farewell] of this.#farewells) {
      if (done.has(incidentId) && !busy.has(incidentId) && this.#held.size === 0) continue
      this.#timers.clear(farewell)
      this.#farewells.delete(incidentId)
    }
    for (const incidentId of done) {
      if (busy.has(incidentId) || this.#held.size > 0 || this.#farewells.has(incidentId)) continue
      const farewell = this.#timers.set(() => this.#sayFarewell(incidentId), DONE_LASTS)
      this.#farewells.set(incidentId, farewell)
    }
  }

  #sayFarewell(incidentId: string): void {
    this.#farewells.delete(incidentId)
    this.#items = this.#items.filter((item) => item.status !== 'done' || item.incidentId !== incidentId)
    this.#tell()
  }

  #tell(): void {
    this.#planFarewells()
    for (const listener of this.#listeners) listener()
  }
}

/** What may still become done by itself at any moment. */
const UNDER_WAY: ReadonlySet<UploadStatus> = new Set(['waiting', 'uploading', 'submitting'])

const incidentOf = ({ incidentId }: UploadItem): string => incidentId

/** Why a file is not even tried; null where it is. What it really is, the server finds out by its bytes. */
export function refusal(file: Pick<File, 'size' | 'type'>): string | null {
  if (file.size === 0) return 'The file is empty.'
  if (file.size > MAX_BYTES) return 'The file is larger than 25 MB.'
  // Browsers know some types by no name.
  if (file.type !== '' && !ACCEPTED.test(file.type)) return 'Photos, voice notes and PDF files can be added.'
  return null
}
