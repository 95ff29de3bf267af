/** The durable messages about an incident: read once, then continued by the messages that arrive. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../../functions-shared/database.types.ts'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import { isAboutJob, parseMessage } from '../../../../functions-shared/parse-message.ts'
import { BaseStore } from '../../shared/base-store.ts'
import type { Incident } from '../records.ts'

/** Notifications that are read. Rows of the incident tell of older events. */
const LIMIT = 200

export class TimelineStore extends BaseStore<{ messages: ReadonlyMap<string, JobMessage> }> {
  readonly #supabase: SupabaseClient<Database>
  /** The jobs whose notifications have been read. */
  #jobs = ''

  constructor(supabase: SupabaseClient<Database>) {
    super({ messages: new Map() })
    this.#supabase = supabase
  }

  add(...messages: readonly JobMessage[]): void {
    const durable = messages.filter(({ seq }) => seq !== undefined)
    if (durable.length === 0) return
    const added = durable.map((message) => [`${message.epoch} ${message.seq}`, message] as const)
    this.change({ messages: new Map([...this.state.messages, ...added]) })
  }

  /** Reads the user's notifications about the incident's jobs, by their index; again when the jobs are others. */
  async read({ documents, reports }: Incident): Promise<void> {
    const jobIds = [...documents, ...reports].flatMap(({ job }) => (job === null ? [] : [job.id]))
    const jobs = jobIds.join()
    if (jobs === this.#jobs || jobIds.length === 0) return
    this.#jobs = jobs
    const { data, error } = await this.#supabase
      .from('notifications')
      .select('payload')
      .in('job_id', jobIds)
      .order('seq', { ascending: false })
      .limit(LIMIT)
    if (error !== null) {
      this.#jobs = ''
      return
    }
    const parsed = data.map(({ payload }) => parseMessage(payload))
    this.add(
      ...parsed.flatMap((each) =>
        each.kind === 'message' && isAboutJob(each.message) ? [each.message] : [],
      ),
    )
  }
}
