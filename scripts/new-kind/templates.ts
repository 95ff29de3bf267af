/** The files of a new kind of job. */

import type { KindNames } from './names.ts'

export function definitionSource({
  name,
  kind,
  exportName,
  typeName,
  subjectField,
  noun,
  plural,
}: KindNames): string {
  return `/** ${plural}. */

import * as v from 'valibot'
import { defineKind, field } from '../definitions/kind.ts'

export const ${exportName} = defineKind({
  kind: '${kind}',
  typeName: '${typeName}',
  functionName: '${name}',
  about: '${noun}: what the work is, in a sentence.',
  types: {
    queued: null,
    started: '${kind}_started',
    progress: '${kind}_progress',
    completed: '${kind}_completed',
    failed: '${kind}_failed',
  },
  subject: {
    ${subjectField}: field(v.string(), 'Id of what the work is about.', '2d9f4a73-6b1c-4e85-9a30-7c5e8d2b1f14'),
  },
  result: {
    summary: v.exactOptional(field(v.string(), 'What came out, in a sentence for people.', 'Done.')),
  },
  required: ['${subjectField}'],
  words: {
    noun: '${noun}',
    choice: '${plural}',
    result: [{ field: 'summary', as: 'text' }],
  },
})
`
}

export function migrationSource({ kind, name, subjectField }: KindNames): string {
  return `-- The kind of job ${kind}: functions-shared/kinds/${name}.ts says the same for pages and the documentation.
insert into private.job_kinds (
  kind, function_name, max_attempts, lease_seconds, max_concurrent, max_concurrent_per_user, subject_key,
  queued_type, started_type, progress_type, completed_type, failed_type,
  input_keys, result_keys
) values (
  '${kind}', '${name}', 3, 60, 16, 4, '${subjectField}',
  null, '${kind}_started', '${kind}_progress', '${kind}_completed', '${kind}_failed',
  '{}', '{summary}'
);
`
}

export function indexSource({ name, kind }: KindNames): string {
  return `/** \`POST /functions/v1/${name}\`: nudged by the database with a secret key; works on one job. */

import { jobFunction } from '../_shared/job-function.ts'
import { work } from './work.ts'

export default jobFunction(
  { name: '${name}', kind: '${kind}', timeoutMs: 8_000, concurrency: 4 },
  () => work,
)
`
}

export function workSource({ name, kind }: KindNames): string {
  return `/** The work of a \`${kind}\` job. */

import type { ClaimedJob } from '../_shared/jobs.ts'
import type { Lease } from '../_shared/lease.ts'

/** What \`complete_job\` gets: the fields of \`result\` in functions-shared/kinds/${name}.ts. */
export interface WorkResult {
  summary: string
}

/**
 * A worker can end between any two lines, and then all of the work is done again. \`lease.report\` tells the progress
 * and checks that the job is still this worker's: await it before every write.
 *
 * @throws AppError \`lease_lost\`, and codes of functions-shared/error-codes.ts for a job that failed.
 */
export async function work(
  { subjectId }: Pick<ClaimedJob, 'subjectId'>,
  lease: Pick<Lease, 'report'>,
): Promise<WorkResult> {
  await lease.report(10, 'reading')
  const summary = \`Nothing is known of \${subjectId} yet.\`
  await lease.report(90, 'writing')
  return { summary }
}
`
}

export function workTestSource({ kind }: KindNames): string {
  return `import { AppError } from '../../../functions-shared/app-error.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { createJob } from '../_shared/testing/fakes.ts'
import { work } from './work.ts'

Deno.test('the stages are told in order, then the result is given', async () => {
  const told: [number, string][] = []
  const report = (percent: number, stage: string) => {
    told.push([percent, stage])
    return Promise.resolve()
  }
  const job = createJob({ kind: '${kind}' })
  assertEquals(await work(job, { report }), { summary: \`Nothing is known of \${job.subjectId} yet.\` })
  assertEquals(told, [
    [10, 'reading'],
    [90, 'writing'],
  ])
})

Deno.test('a worker that has lost its lease gives no result', async () => {
  const report = () => Promise.reject(new AppError('lease_lost'))
  await assertCode(work(createJob({ kind: '${kind}' }), { report }), 'lease_lost')
})
`
}

export function tableRow({ name }: KindNames): string {
  return `| \`${name}\` | the database (\`pg_net\`) | secret key in the header \`apikey\` | as \`process-image\` |`
}

export function docsSection({ name, kind, subjectField }: KindNames): string {
  return `## ${name}

Nudged, answered and retried like \`process-image\`; works on jobs of the kind \`${kind}\`. Stages: \`reading\`, \`writing\`.

The result that \`complete_job\` gets: \`summary\`. What pages hear is in [messages.md](messages.md#${kind}); \`${subjectField}\` is
\`jobs.subject_id\`.
`
}

export function configSection({ name }: KindNames): string {
  return `[functions.${name}]\nverify_jwt = false\n`
}
