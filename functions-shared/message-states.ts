// Written by `npm run messages` from functions-shared/kinds and functions-shared/definitions. Do not edit.

import type { JobState } from './definitions/kind-words.ts'

/** What the words of the field `status` mean. A status update has words of its own beside these. */
export const STATES_BY_STATUS: Readonly<Record<string, JobState>> = {
  queued: 'queued',
  pending: 'queued',
  processing: 'processing',
  generating: 'processing',
  completed: 'completed',
  failed: 'failed',
}
