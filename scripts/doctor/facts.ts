/** The facts that `public.diagnose()` gives, parsed. */

import { isRecord } from '../../functions-shared/unknown.ts'

export interface CronJob {
  name: string
  active: boolean
  /** Null before its first run. */
  lastStatus: string | null
  lastMessage: string | null
}

export interface Facts {
  migrations: string[]
  extensions: string[]
  tablesWithoutRls: string[]
  realtimePolicies: number
  storagePolicies: number
  /** Name of the bucket -> whether the bucket is public. */
  buckets: ReadonlyMap<string, boolean>
  disabledTriggers: string[]
  broadcastPublication: boolean
  publishedTables: string[]
  partitions: { today: boolean; tomorrow: boolean }
  projectUrl: string | null
  secretKeySha256: string | null
  cronJobs: CronJob[]
  nudges: { answered: number; failed: number; lastFailure: string | null }
  jobs: { waiting: number; underWay: number; oldestDueSeconds: number; expiredLeases: number }
  /** Mails after forms: those that wait, and what became of those of the last 7 days. */
  claimMails: {
    waiting: number
    failed: number
    suppressed: number
    oldestSeconds: number
    lastError: string | null
  }
}

/** @throws TypeError for another shape, as of a database with another version of `public.diagnose()`. */
export function parseFacts(value: unknown): Facts {
  const facts = record(value, 'diagnose')
  const partitions = record(facts.message_partitions, 'message_partitions')
  const nudges = record(facts.nudges_last_hour, 'nudges_last_hour')
  const jobs = record(facts.jobs, 'jobs')
  const mails = record(facts.claim_mails, 'claim_mails')
  return {
    migrations: texts(facts.migrations),
    extensions: texts(facts.extensions),
    tablesWithoutRls: texts(facts.tables_without_rls),
    realtimePolicies: number(facts.realtime_policies),
    storagePolicies: number(facts.storage_policies),
    buckets: new Map(
      Object.entries(record(facts.buckets, 'buckets')).map(([name, open]) => [name, open === true]),
    ),
    disabledTriggers: texts(facts.disabled_triggers),
    broadcastPublication: facts.broadcast_publication === true,
    publishedTables: texts(facts.published_tables),
    partitions: { today: partitions.today === true, tomorrow: partitions.tomorrow === true },
    projectUrl: textOrNull(facts.project_url),
    secretKeySha256: textOrNull(facts.secret_key_sha256),
    cronJobs: list(facts.cron_jobs).map(parseCronJob),
    nudges: {
      answered: number(nudges.answered),
      failed: number(nudges.failed),
      lastFailure: textOrNull(nudges.last_failure),
    },
    jobs: {
      waiting: number(jobs.waiting),
      underWay: number(jobs.under_way),
      oldestDueSeconds: number(jobs.oldest_due_seconds),
      expiredLeases: number(jobs.expired_leases),
    },
    claimMails: {
      waiting: number(mails.waiting),
      failed: number(mails.failed),
      suppressed: number(mails.suppressed),
      oldestSeconds: number(mails.oldest_due_seconds),
      lastError: textOrNull(mails.last_error),
    },
  }
}

function parseCronJob(value: unknown): CronJob {
  const job = record(value, 'cron_jobs')
  return {
    name: textOrNull(job.name) ?? '(unnamed)',
    active: job.active === true,
    lastStatus: textOrNull(job.last_status),
    lastMessage: textOrNull(job.last_message),
  }
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError(`${name} is no object`)
  return value
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a list is missing')
  return value
}

function texts(value: unknown): string[] {
  return list(value).map((entry) => {
    if (typeof entry !== 'string') throw new TypeError('a list holds no texts')
    return entry
  })
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('a number is missing')
  return value
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
