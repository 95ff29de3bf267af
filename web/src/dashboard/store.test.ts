import { describe, expect, it } from 'vitest'
import type { ImageMessage } from '../../../functions-shared/message-types.ts'
import type { IncidentCache } from './incident-cache.ts'
import type { Incident } from './records.ts'
import { type Bucket, PAGE_SIZE, type PageStart, type Repository } from './repository.ts'
import { DashboardStore } from './store.ts'

const [A, B, LINKED] = [
  '0a3f1c52-7f0e-4c7e-9a53-b1a6c0d7e00a',
  '0a3f1c52-7f0e-4c7e-9a53-b1a6c0d7e00b',
  '0a3f1c52-7f0e-4c7e-9a53-b1a6c0d7e001',
]

function incident(id: string, fields: Partial<Incident> = {}): Incident {
  return {
    id,
    complete: false,
    ownerId: 'owner',
    title: `Incident ${id}`,
    description: null,
    occurredOn: null,
    reporterEmail: null,
    state: 'new',
    createdAt: '2026-11-23T10:00:00.000Z',
    answers: [],
    transcriptions: [],
    reports: [],
    documents: [
      {
        id: `document-of-${id}`,
        kind: 'photo',
        documentType: 'photo',
        fileName: null,
        label: null,
        question: null,
        contentType: null,
        byteSize: null,
        sha256: null,
        receivedAt: null,
        createdAt: '2026-11-23T10:00:00.000Z',
        originalPath: null,
        thumbnailPath: null,
        previewPath: null,
        width: null,
        height: null,
        takenAt: null,
        takenAtSource: null,
        camera: null,
        position: null,
        pageCount: null,
        note: null,
        active: false,
        duplicateOf: null,
        signedUrl: null,
        job: {
          id: `job-of-${id}`,
          status: 'processing',
          progress: 0,
          stage: null,
          errorCode: null,
          error: null,
          changedAt: '2026-11-23T10:00:00.000Z',
          revision: 1,
        },
      },
    ],
    ...fields,
  }
}

function message(id: string, fields: Partial<ImageMessage> = {}): ImageMessage {
  return {
    type: 'image_processing_progress',
    jobId: `job-of-${id}`,
    incidentId: id,
    documentId: `document-of-${id}`,
    documentType: 'photo',
    status: 'processing',
    progress: 50,
    revision: 2,
    timestamp: '2026-11-23T10:00:05.000Z',
    ...fields,
  }
}

/** A backend whose lists the test gives one by one; single incidents are there at once. */
class FakeRepository implements Repository {
  readonly pending: { resolve: (incidents: Incident[]) => void; reject: (cause: unknown) => void }[] = []
  readonly single = new Map<string, Incident>()
  readonly found: string[] = []
  readonly starts: (PageStart | null)[] = []
  readonly signed: string[][] = []
  readonly urls = new Map<string, string>()
  requeued: string[] = []
  refused = new Set<string>()

  listIncidents(after: PageStart | null): Promise<Incident[]> {
    this.starts.push(after)
    return new Promise((resolve, reject) => this.pending.push({ resolve, reject }))
  }

  async findIncident(id: string): Promise<Incident | null> {
    this.found.push(id)
    return this.single.get(id) ?? null
  }

  async signUrls(_bucket: Bucket, paths: readonly string[]): Promise<Map<string, string>> {
    this.signed.push([...paths])
    return new Map(paths.flatMap((path) => (this.urls.has(path) ? [[path, this.urls.get(path) ?? '']] : [])))
  }

  async signDownload(): Promise<string> {
    return ''
  }

  async signOriginal(): Promise<string> {
    return ''
  }

  async unreadIncidents(): Promise<Map<string, number>> {
    return new Map()
  }

  async requeue(jobId: string): Promise<void> {
    this.requeued.push(jobId)
    if (this.refused.has(jobId)) throw new Error('illegal_transition')
  }

  async answer(...incidents: Incident[]): Promise<void> {
    for (const each of incidents) this.single.set(each.id, { ...each, complete: true })
    this.pending.shift()?.resolve(incidents)
    await settled()
  }

  async fail(): Promise<void> {
    this.pending.shift()?.reject(new Error('unreachable'))
    await settled()
  }
}

class FakeCache implements IncidentCache {
  kept: Incident[] | null = null
  written = 0
  read() {
    return this.kept === null ? null : { incidents: this.kept, savedAt: 5 }
  }
  write() {
    this.written += 1
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve()
}

function setup(cache?: FakeCache) {
  const repository = new FakeRepository()
  let now = 0
  const store = new DashboardStore({
    repository,
    clock: () => now,
    ...(cache === undefined ? {} : { cache }),
  })
  return { repository, store, wait: (ms: number) => (now += ms) }
}

async function opened(...incidents: Incident[]) {
  const parts = setup()
  void parts.store.refresh()
  await parts.repository.answer(...incidents)
  return parts
}

const progressOf = (store: DashboardStore) => store.state.incidents[0]?.documents[0]?.job?.progress

describe('reading', () => {
  it('applies messages that arrived during the read to what was read', async () => {
    const { repository, store } = await opened(incident(A))
    void store.refresh()
    store.receive(message(A, { progress: 70 }))
    await repository.answer(incident(A))
    expect(progressOf(store)).toBe(70)
  })

  it('runs once for many requests, and once more for requests during the run', async () => {
    const { repository, store } = setup()
    void store.refresh()
    for (let n = 0; n < 5; n += 1) void store.refresh()
    expect(repository.pending).toHaveLength(1)
    await repository.answer()
    expect(repository.pending).toHaveLength(1)
    await repository.answer()
    expect(repository.pending).toHaveLength(0)
  })

  it("reads all columns of the shown incident, and the list's columns of the others", async () => {
    const { store } = await opened(incident(A), incident(B))
    expect(store.state.incidents.map(({ id, complete }) => [id, complete])).toEqual([
      [B, false],
      [A, true],
    ])
  })

  it('runs again after a message about an unknown incident, which is then marked as fresh', async () => {
    const { repository, store } = await opened(incident(A))
    expect([...store.state.fresh]).toEqual([])
    store.receive(message(B))
    await repository.answer(incident(B), incident(A))
    expect([...store.state.fresh]).toEqual([B])
  })

  it('reads a single incident when a document of it is new or its job has ended', async () => {
    const { repository, store } = await opened(incident(A))
    repository.found.length = 0
    store.receive(message(A, { documentId: 'new', jobId: 'new' }))
    await settled()
    store.receive(message(A, { status: 'completed', revision: 3 }))
    await settled()
    expect([repository.found, repository.pending]).toEqual([[A, A], []])
  })

  it('that fails makes the page failed without incidents, and outdated with them', async () => {
    const { repository, store } = setup()
    void store.refresh()
    await repository.fail()
    expect(store.state).toMatchObject({ phase: 'failed', outdated: false })
    void store.refresh()
    await repository.answer(incident(A))
    void store.refresh()
    await repository.fail()
    expect(store.state).toMatchObject({ phase: 'ready', outdated: true, incidents: [{ id: A }] })
    void store.refresh()
    await repository.answer(incident(A))
    expect(store.state.outdated).toBe(false)
  })

  it('finds the incident in the address beyond the pages read', async () => {
    const { repository, store } = setup()
    repository.single.set(LINKED, incident(LINKED, { complete: true }))
    store.select(LINKED)
    void store.refresh()
    await repository.answer(incident(A))
    expect(store.shown?.id).toBe(LINKED)
    store.select('not-a-uuid')
    await settled()
    expect(store.shown).toBeNull()
    store.select(null)
    expect(store.shown?.id).toBe(A)
  })

  it('reads an incident completely that was selected during the read of the list', async () => {
    const { repository, store } = setup()
    void store.refresh()
    store.select(B)
    await repository.answer(incident(A), incident(B))
    await settled()
    expect(store.shown).toMatchObject({ id: B, complete: true })
  })

  it('changes nothing after the page was closed', async () => {
    const { repository, store } = setup()
    const calls: unknown[] = []
    store.subscribe((state) => calls.push(state))
    void store.refresh()
    store.close()
    await repository.answer(incident(A))
    expect([calls, store.state.incidents]).toEqual([[], []])
  })
})

describe('many incidents', () => {
  /** Newest first. */
  const page = (from: number, count = PAGE_SIZE) =>
    Array.from({ length: count }, (_, index) => {
      const number = from - index
      const id = `0a3f1c52-7f0e-4c7e-9a53-${String(number).padStart(12, '0')}`
      return incident(id, { createdAt: new Date(number * 1000).toISOString() })
    })

  it('are read in pages, each after the last incident of the page before', async () => {
    const { repository, store } = await opened(...page(200))
    expect(store.state.more).toBe('there')
    void store.loadMore()
    void store.loadMore()
    expect(repository.starts).toHaveLength(2)
    expect(repository.starts[1]).toMatchObject({ createdAt: new Date(151_000).toISOString() })
    await repository.answer(...page(150, 10))
    expect([store.state.incidents.length, store.state.more]).toEqual([60, 'none'])
  })

  it('of older pages stay when the newest page is read again', async () => {
    const { repository, store } = await opened(...page(200))
    void store.loadMore()
    await repository.answer(...page(150))
    void store.refresh()
    await repository.answer(...page(201))
    expect(store.state.incidents).toHaveLength(101)
    expect(new Set(store.state.incidents.map(({ id }) => id)).size).toBe(101)
  })

  it('of a page that could not be read are read by the next call', async () => {
    const { repository, store } = await opened(...page(200))
    void store.loadMore()
    await repository.fail()
    expect(store.state.more).toBe('failed')
    void store.loadMore()
    await repository.answer(...page(150, 1))
    expect(store.state.incidents).toHaveLength(51)
  })
})

describe('the cache of an earlier visit', () => {
  it('is shown at once with its age, and replaced by the first read', async () => {
    const cache = new FakeCache()
    cache.kept = [incident(A), incident(B)]
    const { repository, store } = setup(cache)
    expect(store.state).toMatchObject({ phase: 'ready', cachedAt: 5 })
    void store.refresh()
    await repository.answer(incident(A))
    expect(store.state).toMatchObject({ cachedAt: null, incidents: [{ id: A }] })
    expect([...store.state.fresh]).toEqual([])
    expect(cache.written).toBeGreaterThan(0)
  })

  it('stays with its age where no read succeeds', async () => {
    const cache = new FakeCache()
    cache.kept = [incident(A)]
    const { repository, store } = setup(cache)
    void store.refresh()
    await repository.fail()
    expect(store.state).toMatchObject({ phase: 'ready', cachedAt: 5, outdated: true, incidents: [{ id: A }] })
    expect(cache.written).toBe(0)
  })
})

describe('retrying', () => {
  it('marks the jobs as being retried, requests all, and ends after any answer', async () => {
    const { repository, store } = setup()
    repository.refused.add('job-1')
    const retried = store.retry(['job-1', 'job-2'])
    expect([...store.state.retrying]).toEqual(['job-1', 'job-2'])
    await expect(retried).rejects.toThrow('illegal_transition')
    expect(repository.requeued).toEqual(['job-1', 'job-2'])
    expect([...store.state.retrying]).toEqual([])
  })
})

describe('URLs', () => {
  const ref = (path: string) => ({ bucket: 'derivatives', path }) as const

  it('are requested once, kept while they are valid, and requested again after that', async () => {
    const { repository, store, wait } = setup()
    repository.urls.set('a', 'http://x/a')
    await Promise.all([store.sign([ref('a'), ref('a')]), store.sign([ref('a')])])
    expect([repository.signed, store.urlOf(ref('a'))]).toEqual([[['a']], 'http://x/a'])
    wait(3_000_000)
    await store.sign([ref('a')])
    expect(repository.signed).toHaveLength(1)
    wait(600_000)
    expect(store.urlOf(ref('a'))).toBeNull()
    await store.sign([ref('a')])
    expect(repository.signed).toHaveLength(2)
  })

  it('that could not be signed are requested again only after a while', async () => {
    const { repository, store, wait } = setup()
    store.subscribe(() => void store.sign([ref('gone'), ref('a')]))
    repository.urls.set('a', 'http://x/a')
    await store.sign([ref('gone'), ref('a')])
    await settled()
    expect(repository.signed).toEqual([['gone', 'a']])
    wait(15_000)
    await store.sign([ref('gone'), ref('a')])
    expect(repository.signed[1]).toEqual(['gone'])
  })

  it('of a message that cannot be loaded are replaced by signed URLs', async () => {
    const { store } = await opened(incident(A))
    store.receive(message(A, { signedUrl: 'http://elsewhere/x' }))
    store.pictureFailed(`document-of-${A}`)
    expect(store.state.incidents[0]?.documents[0]?.signedUrl).toBeNull()
  })
})

describe('incidents that the user lost access to', () => {
  it('go from the page and from the cache, and are told of', async () => {
    const lost: string[] = []
    const written: string[][] = []
    const repository = new FakeRepository()
    const store = new DashboardStore({
      repository,
      lost: (incidents) => lost.push(...incidents.map(({ id }) => id)),
      cache: {
        read: () => ({ incidents: [incident(A), incident(B)], savedAt: 0 }),
        write: (incidents) => written.push(incidents.map(({ id }) => id)),
      },
    })
    void store.refresh()
    await repository.answer(incident(B))
    expect([lost, store.state.incidents.map(({ id }) => id), written.at(-1)]).toEqual([[A], [B], [B]])
    repository.single.delete(B)
    await store.reload(B)
    expect([lost, store.state.incidents, written.at(-1)]).toEqual([[A, B], [], []])
  })
})
