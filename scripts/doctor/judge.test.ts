import { describe, expect, test } from 'vitest'
import type { Facts } from './facts.ts'
import { type Expectations, judge } from './judge.ts'

const HEALTHY: Facts = {
  migrations: ['1', '2'],
  extensions: ['pg_cron', 'pg_net', 'supabase_vault'],
  tablesWithoutRls: [],
  realtimePolicies: 5,
  storagePolicies: 1,
  buckets: new Map([['originals', false]]),
  disabledTriggers: [],
  broadcastPublication: true,
  publishedTables: ['jobs'],
  partitions: { today: true, tomorrow: true },
  projectUrl: 'https://ref.supabase.co/',
  secretKeySha256: 'abc',
  cronJobs: [{ name: 'sweep-jobs', active: true, lastStatus: 'succeeded', lastMessage: null }],
  nudges: { answered: 3, failed: 0, lastFailure: null },
  jobs: { waiting: 0, underWay: 0, oldestDueSeconds: 0, expiredLeases: 0 },
  claimMails: { waiting: 1, failed: 0, suppressed: 2, oldestSeconds: 30, lastError: null },
}

const EXPECTED: Expectations = {
  migrations: ['1', '2'],
  cronJobs: ['sweep-jobs'],
  buckets: ['originals'],
  url: 'https://ref.supabase.co',
  secretKeySha256: 'abc',
  local: false,
}

test('finds nothing in a project that is well', () => {
  expect(judge(HEALTHY, EXPECTED).filter(({ verdict }) => verdict !== 'ok')).toEqual([])
})

const job = { name: 'sweep-jobs', active: true, lastStatus: 'succeeded', lastMessage: null }

const ILLNESSES: [what: string, facts: Partial<Facts>, check: string, verdict: 'failed' | 'warning'][] = [
  ['a migration is not applied', { migrations: ['1'] }, 'migrations', 'failed'],
  ['the checkout is older than the database', { migrations: ['1', '2', '3'] }, 'migrations', 'warning'],
  ['an extension is missing', { extensions: ['pg_cron', 'supabase_vault'] }, 'extensions', 'failed'],
  ['a table is open', { tablesWithoutRls: ['public.jobs'] }, 'row level security', 'failed'],
  ['a policy of Realtime is gone', { realtimePolicies: 4 }, 'policies', 'failed'],
  ['the policies of Storage are gone', { storagePolicies: 0 }, 'policies', 'failed'],
  ['a bucket is missing', { buckets: new Map() }, 'buckets', 'failed'],
  ['a bucket is public', { buckets: new Map([['originals', true]]) }, 'buckets', 'failed'],
  ['a trigger is off', { disabledTriggers: ['tg_jobs__notify_update'] }, 'triggers', 'failed'],
  ['broadcasts are not published', { broadcastPublication: false }, 'publication', 'failed'],
  ['jobs are not published', { publishedTables: [] }, 'publication', 'warning'],
  [
    'the partition of today is missing',
    { partitions: { today: false, tomorrow: true } },
    'partitions',
    'failed',
  ],
  ['that of tomorrow is', { partitions: { today: true, tomorrow: false } }, 'partitions', 'warning'],
  ['the address of the functions is not in the vault', { projectUrl: null }, 'vault', 'failed'],
  ['they are elsewhere', { projectUrl: 'https://other.supabase.co' }, 'vault', 'failed'],
  ['there is no key for them', { secretKeySha256: null }, 'vault', 'failed'],
  ['it is another key', { secretKeySha256: 'def' }, 'vault', 'failed'],
  ['nothing is scheduled', { cronJobs: [] }, 'schedules', 'failed'],
  ['the schedule is paused', { cronJobs: [{ ...job, active: false }] }, 'schedules', 'failed'],
  ['the last run failed', { cronJobs: [{ ...job, lastStatus: 'failed' }] }, 'schedules', 'failed'],
  ['all nudges fail', { nudges: { answered: 0, failed: 2, lastFailure: 'HTTP 401' } }, 'nudges', 'failed'],
  ['some nudges fail', { nudges: { answered: 5, failed: 2, lastFailure: null } }, 'nudges', 'warning'],
  [
    'a mail after a form could not be sent',
    { claimMails: { ...HEALTHY.claimMails, failed: 1 } },
    'claim mails',
    'warning',
  ],
  [
    'mails after forms wait',
    { claimMails: { ...HEALTHY.claimMails, oldestSeconds: 3600 } },
    'claim mails',
    'warning',
  ],
  ['leases are not swept', { jobs: { ...HEALTHY.jobs, expiredLeases: 1 } }, 'queue', 'failed'],
  [
    'jobs wait for minutes',
    { jobs: { ...HEALTHY.jobs, waiting: 1, oldestDueSeconds: 600 } },
    'queue',
    'warning',
  ],
]

describe('finds that', () => {
  test.each(ILLNESSES)('%s, and says what to do', (_what, facts, name, verdict) => {
    const found = judge({ ...HEALTHY, ...facts }, EXPECTED).filter((check) => check.verdict !== 'ok')
    expect(found).toEqual([
      expect.objectContaining({ name, verdict, remedy: expect.stringMatching(/\w{3}/) }),
    ])
  })
})

test('the remedy for a missing function is its deployment, not its logs', () => {
  const nudges = { answered: 0, failed: 2, lastFailure: 'HTTP 404' }
  const check = judge({ ...HEALTHY, nudges }, EXPECTED).find(({ name }) => name === 'nudges')
  expect(check?.remedy).toContain('private.job_kinds')
})

test('the address that functions use under `supabase start` is not compared with the public one', () => {
  const checks = judge({ ...HEALTHY, projectUrl: 'http://kong:8000' }, { ...EXPECTED, local: true })
  expect(checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
})
