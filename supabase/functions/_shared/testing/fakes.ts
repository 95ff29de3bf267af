/** The boundary of the work in memory: rows, objects and the job functions, as Postgres and Storage would act. */

import { AppError } from '../../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import type { Bucket, DocumentRow, Documents, DocumentUpdate, Files, OriginalFacts } from '../documents.ts'
import type { ClaimedJob, JobFailure, JobStore, NextStep } from '../jobs.ts'

export const DOCUMENT_ID = '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0001'
export const INCIDENT_ID = '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0002'
export const JOB_ID = '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0003'

export function createJob(overrides: Partial<ClaimedJob> = {}): ClaimedJob {
  return {
    id: JOB_ID,
    kind: 'image',
    incidentId: INCIDENT_ID,
    subjectId: DOCUMENT_ID,
    input: {},
    step: 0,
    state: null,
    leaseToken: '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0004',
    leaseExpiresAt: new Date(Date.now() + 60_000),
    attempts: 1,
    maxAttempts: 3,
    ...overrides,
  }
}

export const RECEIVED_AT = new Date('2026-11-20T18:00:00.000Z')

/** Too far away for a worker to wait for. */
const NEVER = 8.64e15

export interface FakeJobs extends JobStore {
  claims: number
  /** When the job that failed for a reason that may pass is due again. */
  retryAt: Date
  progressed: [number, string | null][]
  completed: Record<string, unknown>[]
  /** Steps that ended, the last of them claimable again. */
  continued: NextStep[]
  failed: JobFailure[]
  /** Set, every further call fails with it. */
  failWith: ErrorCode | null
}

export function fakeJobs(claimable: ClaimedJob | null = createJob()): FakeJobs {
  let left = claimable
  const free = (job: ClaimedJob) => {
    left = { ...job, attempts: job.attempts + 1 }
  }
  const answer = async () => {
    if (store.failWith !== null) throw new AppError(store.failWith)
    await Promise.resolve()
  }
  const store: FakeJobs = {
    claims: 0,
    retryAt: new Date(NEVER),
    progressed: [],
    completed: [],
    continued: [],
    failed: [],
    failWith: null,
    async claim(id, kind) {
      await answer()
      if (left === null || left.id !== id || left.kind !== kind) return null
      const job = left
      left = null
      store.claims += 1
      return job
    },
    async progress(_job, percent, stage) {
      await answer()
      store.progressed.push([percent, stage])
      return new Date()
    },
    async complete(_job, result) {
      await answer()
      store.completed.push(result)
    },
    async continueLater(job, next) {
      await answer()
      store.continued.push(next)
      left = { ...job, step: job.step + 1, state: next.state }
      return true
    },
    async fail(job, failure) {
      await answer()
      store.failed.push(failure)
      if (!failure.retryable || job.attempts >= job.maxAttempts) return null
      free(job)
      return store.retryAt
    },
  }
  return store
}

export interface FakeDocuments extends Documents {
  row: DocumentRow
  updates: DocumentUpdate[]
  /** Every call of keepOriginal. */
  kept: OriginalFacts[]
  /** Originals of other documents of the incident, by hash. */
  others: Map<string, { id: string; path: string }>
  /** Documents that turned out to be voice notes. */
  heard: string[]
  /** What nothing points to any more, as the database would tell. */
  leftovers: string[]
}

export function fakeDocuments(row: Partial<DocumentRow> = {}): FakeDocuments {
  const documents: FakeDocuments = {
    row: {
      id: DOCUMENT_ID,
      incidentId: INCIDENT_ID,
      kind: 'photo',
      sourceUrl: 'https://files.test/photo.jpg',
      sourcePath: null,
      original: null,
      ...row,
    },
    updates: [],
    kept: [],
    others: new Map(),
    heard: [],
    leftovers: [],
    startTranscription: (id) => {
      documents.heard.push(id)
      return Promise.resolve()
    },
    find: () => Promise.resolve(documents.row),
    update: (_id, columns) => {
      documents.updates.push(columns)
      return Promise.resolve()
    },
    keepOriginal: (_id, facts) => {
      documents.kept.push(facts)
      const first = documents.others.get(facts.sha256)
      const path = first?.path ?? facts.path
      if (path === null) return Promise.resolve(null)
      const { sha256, contentType } = facts
      documents.row = { ...documents.row, original: { path, sha256, contentType } }
      const place = { path, duplicateOf: first?.id ?? null, receivedAt: RECEIVED_AT }
      return Promise.resolve({ ...place, leftovers: documents.leftovers })
    },
  }
  return documents
}

export interface FakeFiles extends Files {
  objects: Map<string, { bytes: Uint8Array<ArrayBuffer>; contentType: string }>
  failWith: ErrorCode | null
}

export function fakeFiles(): FakeFiles {
  const key = (bucket: Bucket, path: string) => `${bucket}/${path}`
  const files: FakeFiles = {
    objects: new Map(),
    failWith: null,
    put: (bucket, path, bytes, contentType) => {
      if (files.failWith !== null) return Promise.reject(new AppError(files.failWith))
      files.objects.set(key(bucket, path), { bytes, contentType })
      return Promise.resolve()
    },
    size: (bucket, path) => Promise.resolve(files.objects.get(key(bucket, path))?.bytes.length ?? null),
    get: (bucket, path) => Promise.resolve(files.objects.get(key(bucket, path))?.bytes ?? null),
    sign: (bucket, path, seconds) =>
      Promise.resolve(`https://project.test/${key(bucket, path)}?for=${seconds}`),
    remove: (bucket, paths) => {
      if (files.failWith !== null) return Promise.reject(new AppError(files.failWith))
      for (const path of paths) files.objects.delete(key(bucket, path))
      return Promise.resolve()
    },
  }
  return files
}
