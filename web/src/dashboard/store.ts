/**
 * The dashboard's state: incidents read from the database and kept current by messages. The list is read in pages and
 * without details; the incident that is shown is read completely. A read that is under way when messages arrive does
 * not undo them: they are applied again on top of what it brings.
 *
 *   cache ──▶ (first paint) ──▶ first page and shown incident ──▶ messages ──▶ shown incident anew where they say less
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import { sentence } from '../shared/format.ts'
import { Coalesced } from './coalesced.ts'
import type { IncidentCache } from './incident-cache.ts'
import { applyMessage, newestFirst } from './incidents.ts'
import type { Incident } from './records.ts'
import { PAGE_SIZE, type PageStart, type Repository } from './repository.ts'
import { type ObjectRef, SignedUrls } from './signed-urls.ts'

export type Phase = 'loading' | 'ready' | 'failed'

export interface DashboardState {
  /** `failed`: nothing could be read and nothing is cached. A read that fails later sets `outdated`. */
  phase: Phase
  incidents: readonly Incident[]
  /** The last read failed; what is shown may be old. */
  outdated: boolean
  /** What is shown is from an earlier visit, of this time, in milliseconds; null once it has been read anew. */
  cachedAt: number | null
  /** Older incidents than those here. */
  more: 'none' | 'there' | 'loading' | 'failed'
  /** From the address; may name an incident that is not there. */
  selectedId: string | null
  /** Incidents that arrived while the page was open. */
  fresh: ReadonlySet<string>
  /** Jobs that are being put into the queue again. */
  retrying: ReadonlySet<string>
}

export interface StoreOptions {
  repository: Repository
  cache?: IncidentCache
  clock?: () => number
}

export class DashboardStore {
  readonly #repository: Repository
  readonly #cache: IncidentCache | undefined
  readonly #urls: SignedUrls
  readonly #listeners = new Set<(state: DashboardState) => void>()
  readonly #list = new Coalesced(() => this.#readList())
  readonly #single = new Map<string, Coalesced>()
  #state: DashboardState = {
    phase: 'loading',
    incidents: [],
    outdated: false,
    cachedAt: null,
    more: 'none',
    selectedId: null,
    fresh: new Set(),
    retrying: new Set(),
  }
  /** Where the pages that were read end. */
  #pagesEnd: PageStart | null = null
  #reads = 0
  /** Messages since the oldest read that is under way began. */
  #meanwhile: JobMessage[] = []
  #closed = false

  constructor({ repository, cache, clock = Date.now }: StoreOptions) {
    this.#repository = repository
    this.#cache = cache
    this.#urls = new SignedUrls((bucket, paths) => repository.signUrls(bucket, paths), clock)
    const cached = cache?.read() ?? null
    if (cached !== null) {
      this.#state = { ...this.#state, phase: 'ready', incidents: cached.incidents, cachedAt: cached.savedAt }
    }
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
    if (this.#state.phase === 'ready' && this.#state.cachedAt === null) this.#completeShown()
  }

  /** Reads the newest page and the shown incident; calls meanwhile lead to one more read. Never rejects. */
  refresh(): Promise<void> {
    return this.#list.run()
  }

  /** Reads one incident completely. Never rejects. */
  reload(id: string): Promise<void> {
    const single = this.#single.get(id) ?? new Coalesced(() => this.#readOne(id))
    this.#single.set(id, single)
    return single.run()
  }

  async loadMore(): Promise<void> {
    const { more } = this.#state
    if (this.#pagesEnd === null || more === 'none' || more === 'loading') return
    this.#set({ more: 'loading' })
    try {
      await this.#reading(async () => {
        const page = await this.#repository.listIncidents(this.#pagesEnd)
        this.#endPages(page)
        this.#merge(page)
      })
    } catch {
      this.#set({ more: 'failed' })
    }
  }

  receive(message: JobMessage): void {
    if (this.#reads > 0) this.#meanwhile.push(message)
    const { incidents, unknown } = applyMessage(this.#state.incidents, message)
    if (incidents !== this.#state.incidents) this.#set({ incidents })
    const { incidentId } = message
    if (incidentId === null) return
    if (!incidents.some(({ id }) => id === incidentId)) void this.refresh()
    // What is finished has got paths, sizes and whole texts that messages do not carry.
    else if (unknown || (message.status === 'completed' && incidentId === this.shown?.id)) {
      void this.reload(incidentId)
    }
  }

  /** @throws what the backend answered. */
  async retry(jobIds: readonly string[]): Promise<void> {
    this.#set({ retrying: new Set([...this.#state.retrying, ...jobIds]) })
    try {
      const results = await Promise.allSettled(jobIds.map((id) => this.#repository.requeue(id)))
      const { shown } = this
      if (shown !== null) await this.reload(shown.id)
      const failed = results.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    } finally {
      this.#set({ retrying: new Set([...this.#state.retrying].filter((id) => !jobIds.includes(id))) })
    }
  }

  /** How people know what a message is about, e.g. the file's name; null where that is not known. */
  subjectOf(message: JobMessage): string | null {
    const incident = this.#state.incidents.find(({ id }) => id === message.incidentId)
    const document = incident?.documents.find(
      ({ id, job }) => job?.id === message.jobId || ('documentId' in message && id === message.documentId),
    )
    if (document !== undefined) return document.fileName ?? sentence(document.documentType)
    return 'reportId' in message ? (incident?.title ?? null) : null
  }

  /** The URL of an object, or null while there is none; listeners are called when there is. */
  urlOf(ref: ObjectRef): string | null {
    return this.#urls.get(ref)
  }

  /** Asks for the URLs of those objects that have none. */
  async sign(refs: readonly ObjectRef[]): Promise<void> {
    if (await this.#urls.request(refs)) this.#set({})
  }

  /** A picture could not be loaded: go on to the next way of getting it, and after that leave it for a while. */
  pictureFailed(documentId: string): void {
    for (const incident of this.#state.incidents) {
      const document = incident.documents.find(({ id }) => id === documentId)
      if (document === undefined) continue
      if (document.signedUrl === null) {
        const { thumbnailPath } = document
        if (thumbnailPath !== null) this.#urls.failed({ bucket: 'derivatives', path: thumbnailPath })
        return
      }
      const documents = incident.documents.map((each) =>
        each === document ? { ...each, signedUrl: null } : each,
      )
      this.#replace({ ...incident, documents })
      return
    }
  }

  async #readList(): Promise<void> {
    const { selectedId } = this.#state
    const linked = selectedId !== null && isUuid(selectedId) ? selectedId : null
    try {
      await this.#reading(async () => {
        const [page, found] = await Promise.all([
          this.#repository.listIncidents(null),
          linked === null ? null : this.#repository.findIncident(linked),
        ])
        const newest = selectedId === null ? page[0] : undefined
        // Shown with what the list says until the rest is there.
        if (newest !== undefined && this.#state.cachedAt === null && this.#state.phase !== 'ready')
          this.#begin(page, null)
        const complete = newest === undefined ? found : await this.#repository.findIncident(newest.id)
        this.#begin(page, complete)
      })
      this.#urls.forgetFailures()
      this.#save()
      // Another one may have been selected meanwhile.
      if (this.#state.selectedId !== selectedId) this.#completeShown()
    } catch {
      // What went wrong is of no use to people; that it did is shown, and the next occasion tries again.
      this.#set(this.#state.phase === 'ready' ? { outdated: true } : { phase: 'failed' })
    }
  }

  #completeShown(): void {
    const { shown } = this
    const { selectedId } = this.#state
    if (shown === null && selectedId !== null) void this.reload(selectedId)
    else if (shown !== null && !shown.complete) void this.reload(shown.id)
  }

  async #readOne(id: string): Promise<void> {
    if (!isUuid(id)) return
    try {
      await this.#reading(async () => {
        const found = await this.#repository.findIncident(id)
        if (found === null) this.#set({ incidents: this.#state.incidents.filter((each) => each.id !== id) })
        else if (this.#state.incidents.some((each) => each.id === id)) {
          this.#replace(this.#caughtUp([found])[0] ?? found)
        } else this.#merge([found])
      })
      this.#save()
    } catch {
      this.#set({ outdated: true })
    }
  }

  /** Messages that arrive during the work are kept for what it reads and takes over. */
  async #reading(work: () => Promise<void>): Promise<void> {
    this.#reads += 1
    try {
      await work()
    } finally {
      this.#reads -= 1
      if (this.#reads === 0) this.#meanwhile = []
    }
  }

  /** Takes over the newest page; of the incidents beyond it, those that were read before stay. */
  #begin(page: readonly Incident[], complete: Incident | null): void {
    const last = page.at(-1)
    const isWhole = page.length < PAGE_SIZE || last === undefined
    const beyond = isWhole
      ? []
      : this.#state.incidents.filter(
          (incident) => this.#state.cachedAt === null && newestFirst(last, incident) < 0,
        )
    if (this.#pagesEnd === null || isWhole || beyond.length === 0) this.#endPages(page)
    const read = [...page, ...beyond].filter(({ id }) => id !== complete?.id)
    const incidents = this.#caughtUp([...read, ...(complete === null ? [] : [complete])]).toSorted(
      newestFirst,
    )
    this.#set({
      phase: 'ready',
      outdated: false,
      cachedAt: null,
      incidents,
      fresh: this.#freshAmong(incidents),
    })
  }

  #endPages(page: readonly Incident[]): void {
    this.#pagesEnd = page.at(-1) ?? this.#pagesEnd
    this.#set({ more: page.length < PAGE_SIZE ? 'none' : 'there' })
  }

  #merge(read: readonly Incident[]): void {
    const known = new Set(this.#state.incidents.map(({ id }) => id))
    const added = this.#caughtUp(read.filter(({ id }) => !known.has(id)))
    this.#set({ incidents: [...this.#state.incidents, ...added].toSorted(newestFirst) })
  }

  #replace(incident: Incident): void {
    this.#set({ incidents: this.#state.incidents.map((each) => (each.id === incident.id ? incident : each)) })
  }

  #caughtUp(read: readonly Incident[]): readonly Incident[] {
    return this.#meanwhile.reduce((incidents, message) => applyMessage(incidents, message).incidents, read)
  }

  #freshAmong(incidents: readonly Incident[]): ReadonlySet<string> {
    const { phase, cachedAt, fresh } = this.#state
    if (phase !== 'ready' || cachedAt !== null) return new Set()
    const known = new Set(this.#state.incidents.map(({ id }) => id))
    return new Set([...fresh, ...incidents.map(({ id }) => id).filter((id) => !known.has(id))])
  }

  #save(): void {
    if (!this.#closed) this.#cache?.write(this.#state.incidents, this.shown)
  }

  #set(change: Partial<DashboardState>): void {
    if (this.#closed) return
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) listener(this.#state)
  }
}
