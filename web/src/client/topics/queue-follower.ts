/**
 * Follows the jobs of one queue: their rows, and what comes over `queue:<id>`.
 *
 * Messages there have no place in a sequence; `revision` orders those of one job, and the row carries it as well. So
 * what is told of a job only ever goes on, whichever came first, and a message that was lost is made good by reading
 * the rows again: after each join and, while a job is under way, at every check.
 */

import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import { parseBroadcast } from '../../../../functions-shared/parse-message.ts'
import type { QueueJob, QueueSource, Timers } from '../ports.ts'
import type { QueueControl } from './queue-session.ts'
import type { TopicEvent, TopicListener } from './topic-events.ts'

export interface QueueFollowerOptions {
  queueId: string
  source: QueueSource
  timers: Timers
  /** Milliseconds between two readings of the rows while a job is under way. */
  checkInterval: number
  /** Begins to listen, until the signal ends it. */
  listen(listener: TopicListener, signal: AbortSignal): void
}

export class QueueFollower {
  readonly #options: QueueFollowerOptions
  readonly #control: QueueControl
  #timer: unknown = null
  #reading = false
  #readAgain = false

  constructor(options: QueueFollowerOptions, control: QueueControl) {
    this.#options = options
    this.#control = control
    const { signal } = control.followed
    signal.addEventListener('abort', () => this.#wait(null))
    options.listen((event) => this.#happened(event), signal)
  }

  #happened(event: TopicEvent): void {
    const { followed, emitter } = this.#control
    if (event.type === 'joined') void this.#read()
    else if (event.type === 'left') {
      this.#wait(null)
      if (followed.state !== 'refused') followed.become('connecting')
    } else if (event.type === 'refused') {
      followed.become('refused')
      emitter.emit('error', { code: event.code, cause: null })
    } else if (event.type === 'message') {
      for (const parsed of parseBroadcast(event.payload)) {
        if (parsed.kind === 'message') this.#hear(parsed.message)
      }
    }
  }

  /** A message says what the row says, but for the fields that its type leaves out. */
  #hear(message: JobMessage): void {
    const { revision, jobId } = message
    const status = STATUSES[message.status]
    if (revision === undefined || status === undefined) return
    const known = this.#control.jobs.get(jobId)
    this.#learn({
      jobId,
      status,
      progress: status === 'completed' ? 100 : (progressOf(message) ?? known?.progress ?? 0),
      stage: ('stage' in message ? message.stage : undefined) ?? null,
      error: message.error ?? null,
      errorCode: message.errorCode ?? null,
      revision,
    })
  }

  #learn(job: QueueJob): void {
    const { jobs, followed, emitter } = this.#control
    const known = jobs.get(job.jobId)
    if (followed.state === 'closed' || (known !== undefined && known.revision >= job.revision)) return
    jobs.set(job.jobId, job)
    emitter.emit('job', job)
  }

  async #read(): Promise<void> {
    if (this.#reading) {
      this.#readAgain = true
      return
    }
    const { queueId, source, checkInterval } = this.#options
    const { jobs, followed } = this.#control
    const { signal } = followed
    this.#reading = true
    let failed = false
    do {
      this.#readAgain = false
      try {
        for (const job of await source.readJobs(queueId, signal)) this.#learn(job)
        failed = false
      } catch {
        // Read again at the next check; until then it is not known whether something is missing.
        failed = true
      }
    } while (this.#readAgain && !signal.aborted)
    this.#reading = false
    if (signal.aborted) return
    if (!failed) followed.become('live')
    const underWay = [...jobs.values()].some(({ status }) => status === 'queued' || status === 'processing')
    this.#wait(failed || underWay || jobs.size === 0 ? checkInterval : null)
  }

  #wait(ms: number | null): void {
    const { timers } = this.#options
    if (this.#timer !== null) timers.clear(this.#timer)
    this.#timer = ms === null ? null : timers.set(() => void this.#read(), ms)
  }
}

/** The words of the messages, as those of the rows. */
const STATUSES: Readonly<Record<string, QueueJob['status']>> = {
  pending: 'queued',
  queued: 'queued',
  processing: 'processing',
  generating: 'processing',
  completed: 'completed',
  failed: 'failed',
}

function progressOf(message: JobMessage): number | undefined {
  return 'progress' in message ? message.progress : undefined
}
