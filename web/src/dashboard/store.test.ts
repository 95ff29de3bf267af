import { describe, expect, it } from 'vitest'
import type { ImageMessage } from '../../../functions-shared/message-types.ts'
import type { Incident } from './incidents.ts'
import type { Repository } from './repository.ts'
import { DashboardStore } from './store.ts'

function incident(id: string, jobStatus: 'processing' | 'completed' = 'processing'): Incident {
  return {
    id,
    title: `Incident ${id}`,
    description: null,
    occurredOn: null,
    reporterEmail: null,
    createdAt: '2026-11-23T10:00:00.000Z',
    answers: [],
    documents: [
      {
        id: `document-of-${id}`,
        kind: 'photo',
        documentType: 'photo',
        fileName: null,
        contentType: null,
        byteSize: null,
        thumbnailPath: null,
        previewPath: null,
        width: null,
        height: null,
        signedUrl: null,
        job: {
          id: `job-of-${id}`,
          status: jobStatus,
          progress: 0,
          stage: null,
          errorCode: null,
          error: null,
          changedAt: '2026-11-23T10:00:00.000Z',
        },
      },
    ],
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
    timestamp: '2026-11-23T10:00:05.000Z',
    ...fields,
  }
}

/** A backend whose answers the test gives one by one. */
class FakeRepository implements Repository {
  readonly pending: { resolve: (incidents: Incident[]) => void; reject: (cause: unknown) => void }[] = []
  readonly others = new Map<string, Incident>()
  readonly signed: string[][] = []
  readonly urls = new Map<string, string>()
  requeued: string[] = []
  requeueFails = false

  listIncidents(): Promise<Incident[]> {
    return new Promise((resolve, reject) => this.pending.push({ resolve, reject }))
  }

  async findIncident(id: string): Promise<Incident | null> {
    return this.others.get(id) ?? null
  }

  async signUrls(paths: readonly string[]): Promise<Map<string, string>> {
    this.signed.push([...paths])
    return new Map(paths.flatMap((path) => (this.urls.has(path) ? [[path, this.urls.get(path) ?? '']] : [])))
  }

  async requeue(jobId: string): Promise<void> {
    this.requeued.push(jobId)
    if (this.requeueFails) throw new Error('illegal_transition')
  }

  async answer(...incidents: Incident[]): Promise<void> {
    this.pending.shift()?.resolve(incidents)
    await settled()
  }

  async fail(): Promise<void> {
    this.pending.shift()?.reject(new Error('unreachable'))
    await settled()
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

function setup() {
  const repository = new FakeRepository()
  let now = 0
  const store = new DashboardStore({ repository, clock: () => now })
  return { repository, store, wait: (ms: number) => (now += ms) }
}

const LINKED = '0a3f1c52-7f0e-4c7e-9a53-b1a6c0d7e001'

describe('reading', () => {
  it('does not undo what messages said while it was under way', async () => {
    const { repository, store } = setup()
    void store.refresh()
    await repository.answer(incident('a'))
    void store.refresh()
    store.receive(message('a', { progress: 70 }))
    await repository.answer(incident('a'))
    expect(store.state.incidents[0]?.documents[0]?.job?.progress).toBe(70)
  })

  it('happens once for many requests, and once more for those that came meanwhile', async () => {
    const { repository, store } = setup()
    void store.refresh()
    for (let n = 0; n < 5; n += 1) void store.refresh()
    expect(repository.pending).toHaveLength(1)
    await repository.answer()
    expect(repository.pending).toHaveLength(1)
    await repository.answer()
    expect(repository.pending).toHaveLength(0)
  })

  it('follows a message about something unknown, and marks what is new', async () => {
    const { repository, store } = setup()
    void store.refresh()
    await repository.answer(incident('a'))
    expect([...store.state.fresh]).toEqual([])
    store.receive(message('b'))
    await repository.answer(incident('b'), incident('a'))
    expect([...store.state.fresh]).toEqual(['b'])
  })

  it('that fails is told apart by whether something is shown', async () => {
    const { repository, store } = setup()
    void store.refresh()
    await repository.fail()
    expect(store.state).toMatchObject({ phase: 'failed', outdated: false })
    void store.refresh()
    await repository.answer(incident('a'))
    void store.refresh()
    await repository.fail()
    expect(store.state).toMatchObject({ phase: 'ready', outdated: true, incidents: [{ id: 'a' }] })
    void store.refresh()
    await repository.answer(incident('a'))
    expect(store.state.outdated).toBe(false)
  })

  it('finds the incident of the address beyond the list', async () => {
    const { repository, store } = setup()
    repository.others.set(LINKED, incident(LINKED))
    store.select(LINKED)
    void store.refresh()
    await repository.answer(incident('a'))
    expect(store.shown?.id).toBe(LINKED)
    store.select('not-a-uuid')
    await repository.answer(incident('a'))
    expect(store.shown).toBeNull()
    store.select(null)
    expect(store.shown?.id).toBe('a')
  })

  it('changes nothing after the page was closed', async () => {
    const { repository, store } = setup()
    const calls: unknown[] = []
    store.subscribe((state) => calls.push(state))
    void store.refresh()
    store.close()
    await repository.answer(incident('a'))
    expect([calls, store.state.incidents]).toEqual([[], []])
  })
})

describe('retrying', () => {
  it('shows that it is under way, and ends whatever the answer', async () => {
    const { repository, store } = setup()
    repository.requeueFails = true
    const retried = store.retry('job-1')
    expect([...store.state.retrying]).toEqual(['job-1'])
    await expect(retried).rejects.toThrow('illegal_transition')
    expect([...store.state.retrying]).toEqual([])
  })
})

describe('URLs', () => {
  it('are asked for once, kept while they are valid, and again after that', async () => {
    const { repository, store, wait } = setup()
    repository.urls.set('a', 'http://x/a')
    await Promise.all([store.sign(['a', 'a']), store.sign(['a'])])
    expect([repository.signed, store.urlOf('a')]).toEqual([[['a']], 'http://x/a'])
    wait(3_000_000)
    await store.sign(['a'])
    expect(repository.signed).toHaveLength(1)
    wait(600_000)
    expect(store.urlOf('a')).toBeNull()
    await store.sign(['a'])
    expect(repository.signed).toHaveLength(2)
  })

  it('that cannot be had are not asked for over and over', async () => {
    const { repository, store, wait } = setup()
    store.subscribe(() => void store.sign(['gone', 'a']))
    repository.urls.set('a', 'http://x/a')
    await store.sign(['gone', 'a'])
    await settled()
    expect(repository.signed).toEqual([['gone', 'a']])
    wait(15_000)
    await store.sign(['gone', 'a'])
    expect(repository.signed[1]).toEqual(['gone'])
  })

  it('of a message that do not work give way to the ones of the table', async () => {
    const { repository, store } = setup()
    void store.refresh()
    await repository.answer(incident('a'))
    store.receive(message('a', { signedUrl: 'http://elsewhere/x' }))
    store.pictureFailed('document-of-a')
    expect(store.state.incidents[0]?.documents[0]?.signedUrl).toBeNull()
  })
})
