/** Turns the database's facts into checks, by one pure function for each subject. Remedies are commands for operators. */

import { type Check, failed, ok, warning } from './check.ts'
import type { Facts } from './facts.ts'

export interface Expectations {
  /** Versions of the migrations in this checkout. */
  migrations: readonly string[]
  /** Jobs that the migrations schedule. */
  cronJobs: readonly string[]
  buckets: readonly string[]
  /** The project's address, as this command reaches it. */
  url: string
  secretKeySha256: string
  /** Functions of `supabase start` reach the gateway under another address than people do. */
  local: boolean
}

const PUSH = 'npx supabase db push'

export function judge(facts: Facts, expected: Expectations): Check[] {
  return [
    migrations(facts, expected),
    extensions(facts),
    rowLevelSecurity(facts),
    policies(facts),
    buckets(facts, expected),
    triggers(facts),
    publications(facts),
    partitions(facts),
    vault(facts, expected),
    cron(facts, expected),
    nudges(facts),
    queue(facts),
    claimMails(facts),
  ]
}

function migrations({ migrations: applied }: Facts, expected: Expectations): Check {
  const missing = expected.migrations.filter((version) => !applied.includes(version))
  const unknown = applied.filter((version) => !expected.migrations.includes(version))
  if (missing.length > 0) {
    return failed(
      'migrations',
      `${missing.length} not applied, first ${missing[0]}`,
      `${PUSH} (npm start does it)`,
    )
  }
  if (unknown.length > 0) {
    return warning(
      'migrations',
      `the database has ${unknown.length} that this checkout does not know, last ${unknown.at(-1)}`,
      'Use the checkout that the database was migrated from; this one is older.',
    )
  }
  return ok('migrations', `all ${applied.length} applied`)
}

function extensions({ extensions: present }: Facts): Check {
  const missing = ['pg_cron', 'pg_net', 'supabase_vault'].filter((name) => !present.includes(name))
  return missing.length === 0
    ? ok('extensions', present.join(', '))
    : failed('extensions', `missing: ${missing.join(', ')}`, `create extension if not exists ${missing[0]};`)
}

function rowLevelSecurity({ tablesWithoutRls }: Facts): Check {
  return tablesWithoutRls.length === 0
    ? ok('row level security', 'on for every table')
    : failed(
        'row level security',
        `off for ${tablesWithoutRls.join(', ')}`,
        `alter table ${tablesWithoutRls[0]} enable row level security;`,
      )
}

/** The number that the migrations make. With fewer, a policy was dropped, and users cannot join channels. */
const REALTIME_POLICIES = 5

function policies({ realtimePolicies, storagePolicies }: Facts): Check {
  if (realtimePolicies < REALTIME_POLICIES) {
    return failed(
      'policies',
      `${realtimePolicies} on realtime.messages, ${REALTIME_POLICIES} expected: private channels refuse people`,
      'Create them again from supabase/schemas/realtime_policies.sql in the SQL editor.',
    )
  }
  return storagePolicies === 0
    ? failed(
        'policies',
        'none on storage.objects: nobody can read a file',
        'Create them again from supabase/schemas/storage.sql in the SQL editor.',
      )
    : ok('policies', `${realtimePolicies} on realtime.messages, ${storagePolicies} on storage.objects`)
}

function buckets({ buckets: present }: Facts, expected: Expectations): Check {
  const missing = expected.buckets.filter((name) => !present.has(name))
  const open = expected.buckets.filter((name) => present.get(name) === true)
  if (missing.length > 0)
    return failed('buckets', `missing: ${missing.join(', ')}`, 'Create them as private buckets in Storage.')
  return open.length === 0
    ? ok('buckets', `${expected.buckets.join(', ')}: private`)
    : failed(
        'buckets',
        `public: ${open.join(', ')}`,
        `update storage.buckets set public = false where id = '${open[0]}';`,
      )
}

function triggers({ disabledTriggers }: Facts): Check {
  return disabledTriggers.length === 0
    ? ok('triggers', 'all on')
    : failed(
        'triggers',
        `disabled: ${disabledTriggers.join(', ')}`,
        `alter table public.jobs enable trigger ${disabledTriggers[0]};`,
      )
}

function publications({ broadcastPublication, publishedTables }: Facts): Check {
  if (!broadcastPublication) {
    return failed(
      'publication',
      'supabase_realtime_messages_publication is missing: no broadcast leaves the database',
      "Realtime makes it on its first connection: open Realtime in the project's dashboard, or restart it.",
    )
  }
  return publishedTables.includes('jobs')
    ? ok('publication', 'broadcasts and postgres_changes')
    : warning(
        'publication',
        'public.jobs is not in supabase_realtime: postgres_changes are silent, broadcasts work',
        'alter publication supabase_realtime add table public.jobs;',
      )
}

function partitions({ partitions: { today, tomorrow } }: Facts): Check {
  const remedy = 'Realtime makes them for days ahead: restart it, and look at its logs.'
  if (!today) {
    return failed(
      'partitions',
      'realtime.messages has none for today: no broadcast is sent, pages catch up every 30 s',
      remedy,
    )
  }
  return tomorrow
    ? ok('partitions', 'of realtime.messages: today and tomorrow')
    : warning('partitions', 'realtime.messages has none for tomorrow', remedy)
}

function vault({ projectUrl, secretKeySha256 }: Facts, expected: Expectations): Check {
  if (projectUrl === null) {
    return failed(
      'vault',
      'project_url is missing: functions are not called, jobs stay queued',
      `select vault.create_secret('${expected.url}', 'project_url');`,
    )
  }
  if (secretKeySha256 === null) {
    return failed(
      'vault',
      'secret_key is missing: functions are not called, jobs stay queued',
      "select vault.create_secret('<the project''s secret key>', 'secret_key');",
    )
  }
  if (secretKeySha256 !== expected.secretKeySha256) {
    return failed(
      'vault',
      'secret_key is another than SUPABASE_SECRET_KEY: functions may refuse the database',
      "select vault.update_secret(id, '<the project''s secret key>') from vault.secrets where name = 'secret_key';",
    )
  }
  if (projectUrl.replace(/\/$/, '') !== expected.url && !expected.local) {
    return failed(
      'vault',
      `project_url is ${projectUrl}, the project is at ${expected.url}`,
      `select vault.update_secret(id, '${expected.url}') from vault.secrets where name = 'project_url';`,
    )
  }
  return ok('vault', `functions are called at ${projectUrl}`)
}

function cron({ cronJobs }: Facts, expected: Expectations): Check {
  const missing = expected.cronJobs.filter((name) => !cronJobs.some((job) => job.name === name && job.active))
  if (missing.length > 0) {
    return failed(
      'schedules',
      `not scheduled or not active: ${missing.join(', ')}`,
      'select cron.schedule(…) as in the migration that names it.',
    )
  }
  const broken = cronJobs.find(({ lastStatus }) => lastStatus === 'failed')
  return broken === undefined
    ? ok('schedules', `${cronJobs.length} active`)
    : failed(
        'schedules',
        `${broken.name} failed: ${broken.lastMessage ?? 'no reason given'}`,
        'See cron.job_run_details.',
      )
}

const LOOK_INTO_LOGS = 'Look into the logs of the functions; the sweeper calls them again every 30 s.'
const NUDGE_REMEDIES: Readonly<Record<string, string>> = {
  'HTTP 401':
    "The functions refuse the database: compare the vault's secret_key with the project's secret key.",
  'HTTP 404':
    'A function is not there: deploy it, or compare function_name in private.job_kinds with its folder.',
}

function nudges({ nudges: { answered, failed: refused, lastFailure } }: Facts): Check {
  if (refused === 0) return ok('nudges', `${answered} answered in the last hour`)
  const found = `${refused} of ${answered + refused} failed in the last hour, last: ${lastFailure ?? 'no answer'}`
  const remedy = NUDGE_REMEDIES[lastFailure ?? ''] ?? LOOK_INTO_LOGS
  // Some failed nudges are an outage that is over. When all have failed, the outage goes on.
  return answered === 0 ? failed('nudges', found, remedy) : warning('nudges', found, remedy)
}

/** A due job that waited this long was missed by two sweeps. */
const STUCK_AFTER_SECONDS = 120

function queue({ jobs: { waiting, underWay, oldestDueSeconds, expiredLeases } }: Facts): Check {
  const found = `${waiting} waiting, ${underWay} under way`
  if (expiredLeases > 0) {
    return failed(
      'queue',
      `${expiredLeases} without a living worker for over 2 minutes`,
      'Is the sweeper running? See the schedules above.',
    )
  }
  return oldestDueSeconds > STUCK_AFTER_SECONDS
    ? warning(
        'queue',
        `${found}; the oldest has been due for ${Math.round(oldestDueSeconds / 60)} min`,
        'See nudges, vault and functions; or there is more work than the limits of its kind let through.',
      )
    : ok('queue', found)
}

/** A mail waits for the one before it to the same address, and is tried again after pauses. */
const MAIL_IS_LATE_SECONDS = 1200

function claimMails({
  claimMails: { waiting, failed: lost, suppressed, oldestSeconds, lastError },
}: Facts): Check {
  const found = `${waiting} waiting, ${lost} failed, ${suppressed} suppressed`
  const reason = lastError === null ? '' : `, last: ${lastError}`
  if (lost > 0 || oldestSeconds > MAIL_IS_LATE_SECONDS) {
    return warning(
      'claim mails',
      `${found} in 7 days${reason}`,
      "See the log of claim-mail and the SMTP settings of Auth; select * from private.claim_mails where status in ('queued', 'failed').",
    )
  }
  return ok('claim mails', found)
}
