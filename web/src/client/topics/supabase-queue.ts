/** Reads the jobs of a queue through REST, with the user's own rights. */

import { isRecord } from '../../../../functions-shared/unknown.ts'
import type { Backend } from '../backend.ts'
import { ClientError } from '../client-error.ts'
import type { QueueJob, QueueSource } from '../ports.ts'
import { call } from '../request.ts'

const STATUSES: readonly QueueJob['status'][] = ['queued', 'processing', 'completed', 'failed']

export function createSupabaseQueueSource(supabase: Pick<Backend, 'from'>): QueueSource {
  return {
    async readJobs(queueId, signal) {
      const query = supabase
        .from('jobs')
        .select('id, status, progress, stage, error, error_code, revision')
        .filter('queue_id', 'eq', queueId)
        .order('created_at')
        .order('id')
      const rows = await call(query, 'history_unavailable', signal)
      if (!Array.isArray(rows)) throw new ClientError('history_unavailable')
      return rows.map(parseJob)
    },
  }
}

function parseJob(row: unknown): QueueJob {
  const status = isRecord(row) ? STATUSES.find((each) => each === row.status) : undefined
  if (
    !isRecord(row) ||
    status === undefined ||
    typeof row.id !== 'string' ||
    typeof row.revision !== 'number'
  ) {
    throw new ClientError('history_unavailable', { cause: new TypeError('unexpected shape of a job') })
  }
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
  return {
    jobId: row.id,
    status,
    progress: typeof row.progress === 'number' ? row.progress : 0,
    stage: text(row.stage),
    error: text(row.error),
    errorCode: text(row.error_code),
    revision: row.revision,
  }
}
