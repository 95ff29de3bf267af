/**
 * The incidents on the page: read from the database, kept current by messages. The list is read in pages and without
 * details; the shown incident is read completely. Messages that arrive during a read are applied again to what was read.
 *
 *   cache ──▶ first paint ──▶ newest page and shown incident ──▶ messages ──▶ shown incident again, for what messages lack
 */

import type { JobMessage, UserMessage } from '../../../functions-shared/message-types.ts'
import { isAboutJob } from '../../../functions-shared/parse-message.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import { BaseStore } from '../shared/base-store.ts'
import { Coalesced } from './coalesced.ts'
import type { IncidentCache } from './incident-cache.ts'
import { applyMessage, documentName, filesToSign, newestFirst } from './incidents.ts'
import type { Incident } from './records.ts'
import { PAGE_SIZE, type PageStart, type Repository } from './repository.ts'
import { derivative, type ObjectRef, SignedUrls } from './signed-urls.ts'

export type Phase = 'loading' | 'ready' | 'failed'

export interface DashboardState {
  /** `failed`: no read has succeeded and the cache is empty. After a success, a failed read sets `outdated` instead. */
  phase: Phase
  /** Newest first. */
  incidents: readonly Incident[]
  /** The last read failed. */
  outdated: boolean
  /** Milliseconds since 1970 when the cached incidents were stored; null once a read has replaced them. */
  cachedAt: number | null
  /** Whether there are incidents older than those in `incidents`. */
  more: 'none' | 'there' | 'loading' | 'failed'
  /** The incident in the address, which need not exist; null where the address names none. */
  selectedId: string | null
  /** Incidents that arrived while the page was open. */
  fresh: ReadonlySet<string>
  /** Incident id -> number of unread notifications, for incidents that have some. */
  unread: ReadonlyMap<string, number>
  /** Jobs with a retry under way. */
  retrying: ReadonlySet<string>
}

export interface StoreOptions {
  repository: Repository
  cache?: IncidentCache
  /** Incidents that the user does not see any more: deleted, or the user was taken off them. */
  lost?: (incidents: readonly Incident[]) => void
  clock?: () => number
}

/** Milliseconds for which changes of incidents are gathered into one read. */
const READ_AFTER = 200

/** More changed incidents than this are read as one page of the list. */
const MOST_READ_ALONE = 3

/** The incident in the address; the newest where the address names none. */
export function shownOf({ incidents, selectedId }: DashboardState): Incident | null {
  return (selectedId === null ? incidents[0] : incidents.find(({ id }) => id === selectedId)) ?? null
}

export class DashboardStore extends BaseStore<DashboardState> {
  readonly #repository: Repository
  readonly #cache: IncidentCache | undefined
  readonly #lost: (incidents: readonly Incident[]) => void
  readonly #urls: SignedUrls
  readonly #list = new Coalesced(() => this.#readList())
  readonly #unread = new Coalesced(() => this.#readUnread())
  readonly #single = new Map<string, Coalesced>()
  /** The last incident of the pages that were read. */
  #pagesEnd: PageStart | null = null
  /** Reads under way. */
  #reads = 0
  /** Incidents that have changed and are read again in a moment. */
  readonly #outdatedIds = new Set<string>()
  #readSoon: ReturnType<typeof setTimeout> | null = null
  /** Messages since the oldest read under way began. */
  #meanwhile: JobMessage[] = []

  constructor({ repository, cache, lost = () => undefined, clock = Date.now }: StoreOptions) {
    const cached = cache?.read() ?? null
    super({
      phase: cached === null ? 'loading' : 'ready',
      incidents: cached?.incidents ?? [],
      outdated: false,
      cachedAt: cached?.savedAt ?? null,
      more: 'none',
      selectedId: null,
      fresh: new Set(),
      unread: new Map(),
      retrying: new Set(),
    })
    this.#repository = repository
    this.#cache = cache
    this.#lost = lost
    this.#urls = new SignedUrls((bucket, paths) => repository.signUrls(bucket, paths), clock)
  }

  /** See {@link shownOf}. */
  get shown(): Incident | null {
    return shownOf(this.state)
  }

  select(id: string | null): void {
    this.change({ selectedId: id })
    if (this.state.phase === 'ready' && this.state.cachedAt === null) this.#completeShown()
  }

  /** Reads the newest page and the shown incident; calls during a read lead to one more read. Never rejects. */
  refresh(): Promise<void> {
    return this.#list.run()
  }

  /** Reads one incident completely. Never rejects. */
  reload(id: string): Promise<void> {
    const single = this.#single.get(id) ?? new Coalesced(() => this.#readOne(id))
    this.#single.set(id, single)
    return single.run()
  }

  /** The number of unread notifications has changed. Never rejects. */
  unreadChanged(): Promise<void> {
    return this.#unread.run()
  }

  async loadMore(): Promise<void> {
    const { more } = this.state
    if (this.#pagesEnd === null || more === 'none' || more === 'loading') return
    this.change({ more: 'loading' })
    try {
      await this.#reading(async () => {
        const page = await this.#repository.listIncidents(this.#pagesEnd)
        this.#endPages(page)
        this.#merge(page)
      })
    } catch {
      this.change({ more: 'failed' })
    }
  }

  receive(message: UserMessage): void {
    if (!isAboutJob(message)) {
      this.changed(message.incidentId)
      return
    }
    if (this.#reads > 0) this.#meanwhile.push(message)
    const { incidents, unknown } = applyMessage(this.state.incidents, message)
    if (incidents !== this.state.incidents) this.change({ incidents })
    const { incidentId } = message
    if (incidentId === null) return
    if (!incidents.some(({ id }) => id === incidentId)) void this.refresh()
    // A finished job has written paths, sizes and texts that its message does not carry.
    else if (unknown || (message.status === 'completed' && incidentId === this.shown?.id)) {
      void this.reload(incidentId)
    }
  }

  /**
   * An incident of the list has changed, is new to the user, or is no longer the user's. Calls within a moment lead to one
   * read.
   */
  changed(incidentId: string): void {
    this.#outdatedIds.add(incidentId)
    this.#readSoon ??= setTimeout(() => {
      this.#readSoon = null
      const ids = [...this.#outdatedIds]
      this.#outdatedIds.clear()
      const listed = ids.filter((id) => this.state.incidents.some((incident) => incident.id === id))
      // An incident that is not in the list may belong to an older page, which only reading the list tells.
      if (ids.length > MOST_READ_ALONE || listed.length < ids.length) void this.refresh()
      for (const id of listed)
        if (ids.length <= MOST_READ_ALONE || id === this.shown?.id) void this.reload(id)
    }, READ_AFTER)
  }

  /** Puts failed jobs into the queue again. @throws the first error of the backend. */
  async retry(jobIds: readonly string[]): Promise<void> {
    this.change({ retrying: new Set([...this.state.retrying, ...jobIds]) })
    try {
      const results = await Promise.allSettled(jobIds.map((id) => this.#repository.requeue(id)))
      const { shown } = this
      if (shown !== null) await this.reload(shown.id)
      const failed = results.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    } finally {
      this.change({ retrying: new Set([...this.state.retrying].filter((id) => !jobIds.includes(id))) })
    }
  }

  /** The name of the file or the title of the incident that a message is about; null where neither is known. */
  subjectOf(message: UserMessage): string | null {
    const incident = this.state.incidents.find(({ id }) => id === message.incidentId)
    if (!isAboutJob(message)) return incident?.title ?? null
    const document = incident?.documents.find(
      ({ id, job }) => job?.id === message.jobId || ('documentId' in message && id === message.documentId),
    )
    if (document !== undefined) return documentName(document)
    return 'reportId' in message ? (incident?.title ?? null) : null
  }

  /** The signed URL of an object; null until {@link sign} has got one, which tells the listeners. */
  urlOf(ref: ObjectRef): string | null {
    return this.#urls.get(ref)
  }

  /** Gets signed URLs for those objects that have none. */
  async sign(refs: readonly ObjectRef[]): Promise<void> {
    if (await this.#urls.request(refs)) this.change({})
  }

  /** Gets the signed URLs that the page of the shown incident needs. */
  async signShown(): Promise<void> {
    if (this.shown !== null) await this.sign(filesToSign(this.shown))
  }

  /** A thumbnail could not be loaded: drops the URL of a message first, then the signed URL for a while. */
  pictureFailed(documentId: string): void {
    for (const incident of this.state.incidents) {
      const document = incident.documents.find(({ id }) => id === documentId)
      if (document === undefined) continue
      if (document.signedUrl === null) {
        const { thumbnailPath } = document
        if (thumbnailPath !== null) this.#urls.failed(derivative(thumbnailPath))
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
    const { selectedId } = this.state
    const linked = selectedId !== null && isUuid(selectedId) ? selectedId : null
    try {
      await this.#reading(async () => {
        const [page, found] = await Promise.all([
          this.#repository.listIncidents(null),
          linked === null ? null : this.#repository.findIncident(linked),
        ])
        const newest = selectedId === null ? page[0] : undefined
        // The newest incident is shown with the list's columns until it has been read completely.
        if (newest !== undefined && this.state.cachedAt === null && this.state.phase !== 'ready')
          this.#begin(page, null)
        const complete = newest === undefined ? found : await this.#repository.findIncident(newest.id)
        this.#begin(page, complete)
      })
      this.#urls.forgetFailures()
      this.#save()
      // Another incident may have been selected during the read.
      if (this.state.selectedId !== selectedId) this.#completeShown()
    } catch {
      // The page says that a read failed, and the next refresh tries again.
      this.change(this.state.phase === 'ready' ? { outdated: true } : { phase: 'failed' })
    }
  }

  override close(): void {
    if (this.#readSoon !== null) clearTimeout(this.#readSoon)
    super.close()
  }

  async #readUnread(): Promise<void> {
    try {
      this.change({ unread: await this.#repository.unreadIncidents() })
    } catch {
      // The numbers stay as they are until the next change or connection.
    }
  }

  #completeShown(): void {
    const { shown } = this
    const { selectedId } = this.state
    if (shown === null && selectedId !== null) void this.reload(selectedId)
    else if (shown !== null && !shown.complete) void this.reload(shown.id)
  }

  async #readOne(id: string): Promise<void> {
    if (!isUuid(id)) return
    try {
      await this.#reading(async () => {
        const found = await this.#repository.findIncident(id)
        if (found === null) this.#lose(this.state.incidents.filter((each) => each.id === id))
        else if (this.state.incidents.some((each) => each.id === id)) {
          this.#replace(this.#caughtUp([found])[0] ?? found)
        } else this.#merge([found])
      })
      this.#save()
    } catch {
      this.change({ outdated: true })
    }
  }

  /** Keeps the messages that arrive during the work, for {@link #caughtUp}. */
  async #reading(work: () => Promise<void>): Promise<void> {
    this.#reads += 1
    try {
      await work()
    } finally {
      this.#reads -= 1
      if (this.#reads === 0) this.#meanwhile = []
    }
  }

  /** Takes over the newest page. Incidents of older pages stay. */
  #begin(page: readonly Incident[], complete: Incident | null): void {
    const last = page.at(-1)
    const isWhole = page.length < PAGE_SIZE || last === undefined
    const beyond = isWhole
      ? []
      : this.state.incidents.filter(
          (incident) => this.state.cachedAt === null && newestFirst(last, incident) < 0,
        )
    if (this.#pagesEnd === null || isWhole || beyond.length === 0) this.#endPages(page)
    const kept = new Set([...page, ...beyond, ...(complete === null ? [] : [complete])].map(({ id }) => id))
    const isInPage = (incident: Incident): boolean => isWhole || newestFirst(incident, last) <= 0
    this.#lose(this.state.incidents.filter((incident) => !kept.has(incident.id) && isInPage(incident)))
    const read = [...page, ...beyond].filter(({ id }) => id !== complete?.id)
    const incidents = this.#caughtUp([...read, ...(complete === null ? [] : [complete])]).toSorted(
      newestFirst,
    )
    this.change({
      phase: 'ready',
      outdated: false,
      cachedAt: null,
      incidents,
      fresh: this.#freshAmong(incidents),
    })
  }

  #lose(lost: readonly Incident[]): void {
    if (lost.length === 0) return
    this.change({ incidents: this.state.incidents.filter((incident) => !lost.includes(incident)) })
    this.#lost(lost)
  }

  #endPages(page: readonly Incident[]): void {
    this.#pagesEnd = page.at(-1) ?? this.#pagesEnd
    this.change({ more: page.length < PAGE_SIZE ? 'none' : 'there' })
  }

  #merge(read: readonly Incident[]): void {
    const known = new Set(this.state.incidents.map(({ id }) => id))
    const added = this.#caughtUp(read.filter(({ id }) => !known.has(id)))
    this.change({ incidents: [...this.state.incidents, ...added].toSorted(newestFirst) })
  }

  #replace(incident: Incident): void {
    this.change({
      incidents: this.state.incidents.map((each) => (each.id === incident.id ? incident : each)),
    })
  }

  #caughtUp(read: readonly Incident[]): readonly Incident[] {
    return this.#meanwhile.reduce((incidents, message) => applyMessage(incidents, message).incidents, read)
  }

  #freshAmong(incidents: readonly Incident[]): ReadonlySet<string> {
    const { phase, cachedAt, fresh } = this.state
    if (phase !== 'ready' || cachedAt !== null) return new Set()
    const known = new Set(this.state.incidents.map(({ id }) => id))
    return new Set([...fresh, ...incidents.map(({ id }) => id).filter((id) => !known.has(id))])
  }

  #save(): void {
    if (!this.isClosed) this.#cache?.write(this.state.incidents, this.shown)
  }
}
