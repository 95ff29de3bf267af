/** Database and Storage in memory, for tests of the work: rows, objects, and the SQL functions for jobs. */

import { AppError } from '../../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import type { DocumentRow, Documents, DocumentUpdate, OriginalFacts } from '../documents.ts'
import type { Bucket, Files } from '../files.ts'
import type { ClaimedJob, JobFailure, JobStore, NextStep } from '../jobs.ts'
import { holdLease, type Lease } from '../lease.ts'
import { type RecordedLog, recordLog } from './log.ts'

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
    runsAlone: false,
    ...overrides,
  }
}

export const RECEIVED_AT = new Date('2026-11-20T18:00:00.000Z')

/** The last moment that a Date can hold: a worker does not wait for it. */
const NEVER = 8.64e15

export interface FakeJobs extends JobStore {
  claims: number
  /** When a job is due again that failed with a retryable error. */
  retryAt: Date
  progressed: [number, string | null][]
  completed: Record<string, unknown>[]
  /** Steps that ended. After each of them the job can be claimed again. */
  continued: NextStep[]
  failed: JobFailure[]
  /** If set, every further call fails with this code. */
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
  /** The arguments of each call of keepOriginal. */
  kept: OriginalFacts[]
  /** Originals of other documents of the incident, by hash. */
  others: Map<string, { id: string; path: string }>
  /** Documents for which a transcription was started. */
  transcribed: string[]
  /** Objects that keepOriginal names as left behind. */
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
    transcribed: [],
    leftovers: [],
    startTranscription: (id) => {
      documents.transcribed.push(id)
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
      const { sha256, contentType } = facts
      const original = documents.row.original ?? (path === null ? null : { path, sha256, contentType })
      if (original === null) return Promise.resolve(null)
      documents.row = { ...documents.row, original }
      const place = { ...original, duplicateOf: first?.id ?? null, receivedAt: RECEIVED_AT }
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

/** A worker with one claimed job, and the database and Storage that its work uses. */
export interface FakeWorker {
  readonly job: ClaimedJob
  readonly jobs: FakeJobs
  readonly documents: FakeDocuments
  readonly files: FakeFiles
  readonly log: RecordedLog
  /** Runs the work while the job's lease is held, without a heartbeat. */
  work<Result>(task: (lease: Lease) => Promise<Result>): Promise<Result>
}

export function fakeWorker({
  job = createJob(),
  documents = fakeDocuments(),
}: Partial<Pick<FakeWorker, 'job' | 'documents'>> = {}): FakeWorker {
  const jobs = fakeJobs(job)
  const log = recordLog()
  return {
    job,
    jobs,
    documents,
    files: fakeFiles(),
    log,
    async work(task) {
      await using lease = holdLease({ jobs, job, log, every: () => () => undefined })
      return await task(lease)
    },
  }
}
