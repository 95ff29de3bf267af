/**
 * Follows the jobs of one queue: their rows, and what comes over `queue:<id>`.
 *
 * Messages on a queue's topic have no `seq`. `revision` orders the messages of one job, and the job's row has it as well: so
 * a job never goes back, whether a message or the row came first. A lost message is repaired by reading the rows again: after
 * each join and, while a job is running, at every check.
 */

import { isAboutJob, parseBroadcast } from '../../../../functions-shared/parse-message.ts'
import type { QueueJob, QueueSource, Timers } from '../ports.ts'
import { jobOfMessage } from './queue-job.ts'
import type { QueueControl } from './queue-session.ts'
import type { TopicEvent, TopicListener } from './topic-events.ts'

export interface QueueFollowerOptions {
  queueId: string
  source: QueueSource
  timers: Timers
  /** Milliseconds between two readings of the rows while a job is under way. */
  checkInterval: number
  /** Listens to the topic until the signal aborts. */
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
    const { signal } = control.lifecycle
    signal.addEventListener('abort', () => this.#wait(null))
    options.listen((event) => this.#happened(event), signal)
  }

  #happened(event: TopicEvent): void {
    const { lifecycle, emitter } = this.#control
    if (event.type === 'joined') void this.#read()
    else if (event.type === 'left') {
      this.#wait(null)
      if (lifecycle.state !== 'refused') lifecycle.setState('connecting')
    } else if (event.type === 'refused') {
      lifecycle.setState('refused')
      emitter.emit('error', { code: event.code, cause: null })
    } else if (event.type === 'message') {
      for (const parsed of parseBroadcast(event.payload)) {
        if (parsed.kind !== 'message' || !isAboutJob(parsed.message)) continue
        const job = jobOfMessage(parsed.message, this.#control.jobs.get(parsed.message.jobId))
        if (job !== null) this.#learn(job)
      }
    }
  }

  #learn(job: QueueJob): void {
    const { jobs, lifecycle, emitter } = this.#control
    const known = jobs.get(job.jobId)
    if (lifecycle.state === 'closed' || (known !== undefined && known.revision >= job.revision)) return
    jobs.set(job.jobId, job)
    emitter.emit('job', job)
  }

  async #read(): Promise<void> {
    if (this.#reading) {
      this.#readAgain = true
      return
    }
    const { queueId, source, checkInterval } = this.#options
    const { jobs, lifecycle } = this.#control
    const { signal } = lifecycle
    this.#reading = true
    let failed = false
    do {
      this.#readAgain = false
      try {
        for (const job of await source.readJobs(queueId, signal)) this.#learn(job)
        failed = false
      } catch {
        // The rows are read again at the next check. Until then a change may be missing.
        failed = true
      }
    } while (this.#readAgain && !signal.aborted)
    this.#reading = false
    if (signal.aborted) return
    if (!failed) lifecycle.setState('live')
    const underWay = [...jobs.values()].some(({ status }) => status === 'queued' || status === 'processing')
    this.#wait(failed || underWay || jobs.size === 0 ? checkInterval : null)
  }

  #wait(ms: number | null): void {
    const { timers } = this.#options
    if (this.#timer !== null) timers.clear(this.#timer)
    this.#timer = ms === null ? null : timers.set(() => void this.#read(), ms)
  }
}
