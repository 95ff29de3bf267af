/**
 * Follows the jobs of one queue: their rows, and what comes over `queue:<id>`.
 *
 * Messages there have no place in a sequence; `revision` orders those of one job, and the row carries it as well. So
 * what is told of a job only ever goes on, whichever came first, and a message that was lost is made good by reading
 * the rows again: after each join and, while a job is under way, at every check.
 */

import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import { parseBroadcast } from '../../../../functions-shared/parse-message.ts'
import { Emitter, type Listener } from '../emitter.ts'
import type { QueueJob, QueueSource, Timers } from '../ports.ts'
import type { TopicEvent } from './topic-events.ts'

export type QueueState = 'connecting' | 'live' | 'refused' | 'closed'

export interface QueueEvents {
  /** A job of the queue has changed, or is known now. */
  job: [job: QueueJob]
  state: [state: QueueState]
  /** What the server refused, or a listener that threw. */
  error: [error: { code: ErrorCode; cause: unknown }]
}

export interface QueueSessionOptions {
  queueId: string
  source: QueueSource
  timers: Timers
  /** Milliseconds between two readings of the rows while a job is under way. */
  checkInterval: number
  /** Begins to listen. @returns the way to stop. */
  listen(listener: (event: TopicEvent) => void): () => void
}

export class QueueSession {
  readonly queueId: string
  readonly #options: QueueSessionOptions
  readonly #emitter: Emitter<QueueEvents>
  readonly #jobs = new Map<string, QueueJob>()
  readonly #abort = new AbortController()
  readonly #stop: () => void
  #state: QueueState = 'connecting'
  #timer: unknown = null
  #reading = false
  #readAgain = false

  constructor(options: QueueSessionOptions) {
    this.queueId = options.queueId
    this.#options = options
    this.#emitter = new Emitter((event, cause) => {
      if (event !== 'error') this.#emitter.emit('error', { code: 'listener_failed', cause })
    })
    this.#stop = options.listen((event) => this.#happened(event))
  }

  get state(): QueueState {
    return this.#state
  }

  /** What is known of each job, by its id. */
  get jobs(): ReadonlyMap<string, QueueJob> {
    return this.#jobs
  }

  /** @returns the way to remove the listener. */
  on<Name extends keyof QueueEvents>(event: Name, listener: Listener<QueueEvents[Name]>): () => void {
    return this.#emitter.on(event, listener)
  }

  /** Final. */
  close(): void {
    if (this.#state === 'closed') return
    this.#abort.abort()
    this.#wait(null)
    this.#stop()
    this.#become('closed')
  }

  #happened(event: TopicEvent): void {
    if (event.type === 'joined') void this.#read()
    else if (event.type === 'left') {
      this.#wait(null)
      if (this.#state !== 'refused') this.#become('connecting')
    } else if (event.type === 'refused') {
      this.#become('refused')
      this.#emitter.emit('error', { code: event.code, cause: null })
    } else if (event.type === 'message') {
      for (const parsed of parseBroadcast(event.payload)) {
        if (parsed.kind === 'message') this.#hear(parsed.message)
      }
    }
  }

  /** A message says what the row says, but for the fields that its type leaves out. */
  #hear(message: JobMessage): void {
    const { revision, jobId } = message
    if (revision === undefined) return
    const known = this.#jobs.get(jobId)
    const status = statusOf(message.status)
    if (status === null) return
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
    const known = this.#jobs.get(job.jobId)
    if (this.#state === 'closed' || (known !== undefined && known.revision >= job.revision)) return
    this.#jobs.set(job.jobId, job)
    this.#emitter.emit('job', job)
  }

  async #read(): Promise<void> {
    if (this.#reading) {
      this.#readAgain = true
      return
    }
    this.#reading = true
    let failed = false
    do {
      this.#readAgain = false
      try {
        const jobs = await this.#options.source.readJobs(this.queueId, this.#abort.signal)
        for (const job of jobs) this.#learn(job)
        failed = false
      } catch {
        // Read again at the next check; until then it is not known whether something is missing.
        failed = true
      }
    } while (this.#readAgain && !this.#abort.signal.aborted)
    this.#reading = false
    if (this.#state === 'closed') return
    if (!failed) this.#become('live')
    const underWay = [...this.#jobs.values()].some(
      ({ status }) => status === 'queued' || status === 'processing',
    )
    this.#wait(failed || underWay || this.#jobs.size === 0 ? this.#options.checkInterval : null)
  }

  #wait(ms: number | null): void {
    const { timers } = this.#options
    if (this.#timer !== null) timers.clear(this.#timer)
    this.#timer = ms === null ? null : timers.set(() => void this.#read(), ms)
  }

  #become(state: QueueState): void {
    if (this.#state === state || this.#state === 'closed') return
    this.#state = state
    this.#emitter.emit('state', state)
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

function statusOf(word: string): QueueJob['status'] | null {
  return STATUSES[word] ?? null
}

function progressOf(message: JobMessage): number | undefined {
  return 'progress' in message ? message.progress : undefined
}
