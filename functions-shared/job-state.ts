/** Where a job stands, as a message about it says. */

import type { JobState } from './definitions/kind-words.ts'
import { STATES_BY_STATUS } from './message-states.ts'

/** @returns null for a `status` that is a word of another service. */
export function stateOf({ status }: { status: string }): JobState | null {
  // The word may be anything that a service sends, `constructor` included.
  return Object.hasOwn(STATES_BY_STATUS, status) ? (STATES_BY_STATUS[status] ?? null) : null
}
