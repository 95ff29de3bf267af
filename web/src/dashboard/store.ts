/**
 * The dashboard's state: incidents read from the database and kept current by messages. A read that is under way
 * when messages arrive does not undo them: they are applied again on top of what it brings.
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import { sentence } from '../shared/format.ts'
import { applyMessage, type Incident } from './incidents.ts'
import { type Repository, URL_VALIDITY } from './repository.ts'

export type Phase = 'loading' | 'ready' | 'failed'

export interface DashboardState {
  /** `failed`: nothing could be read yet. A read that fails later leaves `ready` and sets `outdated`. */
  phase: Phase
  incidents: readonly Incident[]
  /** The last read failed; what is shown may be old. */
  outdated: boolean
  /** From the address; may name an incident that is not there. */
  selectedId: string | null
  /** Incidents that arrived while the page was open. */
  fresh: ReadonlySet<string>
  /** Jobs that are being put into the queue again. */
  retrying: ReadonlySet<string>
}

export interface StoreOptions {
  repository: Repository
  clock?: () => number
}

/** Milliseconds before a URL that could not be had is asked for again. */
const RETRY_URL_AFTER = 15_000

export class DashboardStore {
  readonly #repository: Repository
  readonly #clock: () => number
  readonly #listeners = new Set<(state: DashboardState) => void>()
  readonly #urls = new Map<string, { url: string | null; until: number }>()
  readonly #signing = new Set<string>()
  #state: DashboardState = {
    phase: 'loading',
    incidents: [],
    outdated: false,
    selectedId: null,
    fresh: new Set(),
    retrying: new Set(),
  }
  #reading: Promise<void> | null = null
  #readAgain = false
  /** Messages since the current read began. */
  #meanwhile: JobMessage[] = []
  #closed = false

  constructor(options: StoreOptions) {
    this.#repository = options.repository
    this.#clock = options.clock ?? Date.now
  }

  get state(): DashboardState {
    return this.#state
  }

  /** The incident of the address, or without one the newest. */
  get shown(): Incident | null {
    const { incidents, selectedId } = this.#state
    return (selectedId === null ? incidents[0] : incidents.find(({ id }) => id === selectedId)) ?? null
  }

  subscribe(listener: (state: DashboardState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    this.#listeners.clear()
  }

  select(id: string | null): void {
    this.#set({ selectedId: id })
    const known = id === null || this.#state.incidents.some((incident) => incident.id === id)
    if (!known && this.#state.phase === 'ready') void this.refresh()
  }

  /** Reads everything anew; calls during a read lead to one more. */
  refresh(): Promise<void> {
    if (this.#reading !== null) {
      this.#readAgain = true
      return this.#reading
    }
    this.#reading = this.#read().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  receive(message: JobMessage): void {
    if (this.#reading !== null) this.#meanwhile.push(message)
    const { incidents, unknown } = applyMessage(this.#state.incidents, message)
    if (incidents !== this.#state.incidents) this.#set({ incidents })
    // A finished document has got paths and sizes that messages do not carry.
    if (unknown || message.status === 'completed') void this.refresh()
  }

  /** @throws what the backend answered. */
  async retry(jobId: string): Promise<void> {
    this.#set({ retrying: new Set([...this.#state.retrying, jobId]) })
    try {
      await this.#repository.requeue(jobId)
      await this.refresh()
    } finally {
      this.#set({ retrying: new Set([...this.#state.retrying].filter((id) => id !== jobId)) })
    }
  }

  /** How people know what a message is about, e.g. the file's name; null where that is not known. */
  subjectOf(message: JobMessage): string | null {
    if (!('documentType' in message)) return null
    for (const { documents } of this.#state.incidents) {
      const document = documents.find(({ id }) => id === message.documentId)
      if (document !== undefined) return document.fileName ?? sentence(document.documentType)
    }
    return null
  }

  /** The URL of an object, or null while there is none; listeners are called when there is. */
  urlOf(path: string): string | null {
    const known = this.#urls.get(path)
    return known !== undefined && known.until > this.#clock() ? known.url : null
  }

  /** A picture could not be loaded: go on to the next way of getting it, and after that leave it for a while. */
  pictureFailed(documentId: string): void {
    for (const incident of this.#state.incidents) {
      const document = incident.documents.find(({ id }) => id === documentId)
      if (document === undefined) continue
      if (document.signedUrl === null) {
        if (document.thumbnailPath !== null) this.#keepUrl(document.thumbnailPath, null)
        return
      }
      const documents = incident.documents.map((each) =>
        each === document ? { ...each, signedUrl: null } : each,
      )
      this.#set({
        incidents: this.#state.incidents.map((each) => (each === incident ? { ...each, documents } : each)),
      })
      return
    }
  }

  /** Asks for the URLs of those paths that have none. */
  async sign(paths: readonly string[]): Promise<void> {
    const now = this.#clock()
    const missing = [...new Set(paths)].filter(
      (path) => !this.#signing.has(path) && (this.#urls.get(path)?.until ?? 0) <= now,
    )
    if (missing.length === 0) return
    for (const path of missing) this.#signing.add(path)
    // Without URLs the cards go on showing their placeholders.
    const urls = await this.#repository.signUrls(missing).catch(() => new Map<string, string>())
    for (const path of missing) {
      this.#signing.delete(path)
      this.#keepUrl(path, urls.get(path) ?? null)
    }
    if (urls.size > 0) this.#set({})
  }

  #keepUrl(path: string, url: string | null): void {
    this.#urls.set(path, {
      url,
      until: this.#clock() + (url === null ? RETRY_URL_AFTER : URL_VALIDITY * 900),
    })
  }

  async #read(): Promise<void> {
    do {
      this.#readAgain = false
      this.#meanwhile = []
      try {
        const listed = await this.#repository.listIncidents()
        const linked = await this.#readLinked(listed)
        let incidents: readonly Incident[] = linked === null ? listed : [...listed, linked]
        for (const message of this.#meanwhile) incidents = applyMessage(incidents, message).incidents
        this.#forgetMissingUrls()
        this.#set({ phase: 'ready', outdated: false, incidents, fresh: this.#freshAmong(incidents) })
      } catch {
        // What went wrong is of no use to people; that it did is shown, and the next occasion tries again.
        this.#set(this.#state.phase === 'ready' ? { outdated: true } : { phase: 'failed' })
      }
    } while (this.#readAgain && !this.#closed)
  }

  /** The backend answers: what could not be had before may be there now. */
  #forgetMissingUrls(): void {
    for (const [path, { url }] of this.#urls) if (url === null) this.#urls.delete(path)
  }

  /** An address can name an incident beyond the list. */
  async #readLinked(listed: readonly Incident[]): Promise<Incident | null> {
    const { selectedId } = this.#state
    if (selectedId === null || !isUuid(selectedId) || listed.some(({ id }) => id === selectedId)) return null
    return this.#repository.findIncident(selectedId)
  }

  #freshAmong(incidents: readonly Incident[]): ReadonlySet<string> {
    if (this.#state.phase !== 'ready') return new Set()
    const known = new Set(this.#state.incidents.map(({ id }) => id))
    return new Set([...this.#state.fresh, ...incidents.map(({ id }) => id).filter((id) => !known.has(id))])
  }

  #set(change: Partial<DashboardState>): void {
    if (this.#closed) return
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) listener(this.#state)
  }
}
