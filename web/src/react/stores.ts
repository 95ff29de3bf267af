/** Stores of the client's events, which the hooks read. Without React, so that they are tested without it. */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import type { ClientState, DashboardWebSocketClient, Delivery, QueueJob } from '../client/index.ts'
import { jobOfMessage } from '../client/topics/queue-job.ts'
import { createStore, type Store } from './store.ts'

type Client = Pick<DashboardWebSocketClient, 'getState' | 'history' | 'on' | 'subscribeQueue'>

export function connectionStore(client: Client): Store<ClientState> {
  return createStore(
    () => client.getState(),
    (set) => {
      const update = (): void => set((old) => keepIfSame(old, client.getState()))
      // The state may have changed between rendering and subscribing.
      update()
      const offs = [client.on('state', update), client.on('pong', update), client.on('unread', update)]
      return () => endAll(offs)
    },
  )
}

export interface ReceivedMessage {
  message: UserMessage
  delivery: Delivery
}

const NONE: readonly ReceivedMessage[] = []

/**
 * Durable messages, newest first, at most `limit`: those from before the page was opened, and those that arrive. A change of
 * users empties the list.
 */
export function messagesStore(client: Client, limit: number): Store<readonly ReceivedMessage[]> {
  return createStore(
    () => NONE,
    (set) => {
      let active = true
      const add = (received: readonly ReceivedMessage[]): void => {
        if (active && received.length > 0) set((old) => merged(old, received).slice(0, limit))
      }
      // After a failure the history is read with the next connection.
      const read = (): void =>
        void client
          .history(limit)
          .then((messages) =>
            add(messages.map((message) => ({ message, delivery: { replayed: true, foremost: false } }))),
          )
          .catch(() => undefined)
      if (client.getState().isConnected) read()
      const offs = [
        () => {
          active = false
        },
        client.on('connected', read),
        client.on('batch', (items) => add(items.filter(({ message }) => message.seq !== undefined))),
        client.on('state', (change) => {
          if (change.state.name === 'closed' && change.state.reason !== 'disconnect') set(() => NONE)
        }),
      ]
      return () => endAll(offs)
    },
  )
}

/** Newest first, each number once: as it was delivered, not as history. */
function merged(old: readonly ReceivedMessage[], added: readonly ReceivedMessage[]): ReceivedMessage[] {
  const bySeq = new Map([...added, ...old].map((received) => [received.message.seq ?? 0, received] as const))
  return [...bySeq.values()].sort((one, other) => (other.message.seq ?? 0) - (one.message.seq ?? 0))
}

export type JobView = Omit<QueueJob, 'revision'>

/**
 * One job from its messages and, with a queue id, from the queue's rows, which give the status before the first message. Null
 * until the first message or row.
 */
export function jobStore(client: Client, jobId: string, queueId: string | null): Store<JobView | null> {
  return createStore<QueueJob | null>(
    () => null,
    (set) => {
      const offs = [
        client.on('message', (message) => {
          if (!('jobId' in message) || message.jobId !== jobId) return
          set((old) => later(old, jobOfMessage(message, old)))
        }),
        client.on('state', ({ state }) => {
          if (state.name === 'closed' && state.reason !== 'disconnect') set(() => null)
        }),
      ]
      if (queueId !== null) {
        const queue = client.subscribeQueue(queueId)
        queue.on('job', (job) => {
          if (job.jobId === jobId) set((old) => later(old, job))
        })
        offs.push(() => queue.close())
      }
      return () => endAll(offs)
    },
  )
}

/** The newer of two views of a job by `revision`, from a message or from a row. */
function later(old: QueueJob | null, next: QueueJob | null): QueueJob | null {
  return next === null || (old !== null && old.revision >= next.revision) ? old : next
}

function keepIfSame(old: ClientState, next: ClientState): ClientState {
  return JSON.stringify(old) === JSON.stringify(next) ? old : next
}

function endAll(offs: readonly (() => void)[]): void {
  for (const off of offs) off()
}
