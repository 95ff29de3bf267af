/**
 * React hooks of the client, which is connected while its provider is mounted.
 *
 * ```tsx
 * <LiveProvider client={client} userId={user.id}><App /></LiveProvider>
 *
 * const { state } = useConnection()
 * const { messages, unreadCount, markRead } = useNotifications()
 * const job = useJob(jobId, { queueId })
 * ```
 */

import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from 'react'
import type { ClientState, DashboardWebSocketClient, MarkTarget } from '../client/index.ts'
import type { Store } from './store.ts'
import { connectionStore, type JobView, jobStore, messagesStore, type ReceivedMessage } from './stores.ts'

const ClientContext = createContext<DashboardWebSocketClient | null>(null)

export interface LiveProviderProps {
  /** Created once, outside of rendering. */
  client: DashboardWebSocketClient
  /** The signed-in user; null without a session. */
  userId: string | null
  /** Why `connect()` failed: `not_signed_in`, `user_mismatch`. Must not throw. */
  onError?: (error: unknown) => void
  children?: ReactNode
}

/** Connects while it is mounted, and for another user when `userId` changes. */
export function LiveProvider({ client, userId, onError, children }: LiveProviderProps): ReactNode {
  useEffect(() => {
    if (userId === null) return
    let here = true
    client.connect(userId).catch((error: unknown) => {
      if (!here) return
      if (onError === undefined) console.error('[live] the connection could not be opened', error)
      else onError(error)
    })
    return () => {
      here = false
      client.disconnect()
    }
  }, [client, userId, onError])
  return createElement(ClientContext, { value: client }, children)
}

/** @throws outside of a {@link LiveProvider}. */
export function useClient(): DashboardWebSocketClient {
  const client = useContext(ClientContext)
  if (client === null)
    throw new Error('useClient, useConnection, useNotifications and useJob need a LiveProvider')
  return client
}

/** The state of the connection; renders anew when it changes. */
export function useConnection(): ClientState & { retryNow: () => void } {
  const client = useClient()
  const state = useStore(useMemo(() => connectionStore(client), [client]))
  return useMemo(() => ({ ...state, retryNow: () => client.retryNow() }), [client, state])
}

export interface Notifications {
  /** The latest notifications, from before the component was mounted as well, newest first. */
  messages: readonly ReceivedMessage[]
  /** Counts of all notifications on all devices; null until known. */
  unreadCount: number | null
  unseenCount: number | null
  /** See the client's methods of these names. */
  markRead(target: MarkTarget): Promise<number>
  markSeen(target: MarkTarget): Promise<number>
}

/** @param options `limit`: number of messages that are kept. Default 50. */
export function useNotifications({ limit = 50 }: { limit?: number } = {}): Notifications {
  const client = useClient()
  const messages = useStore(useMemo(() => messagesStore(client, limit), [client, limit]))
  const { unreadCount, unseenCount } = useConnection()
  return useMemo(
    () => ({
      messages,
      unreadCount,
      unseenCount,
      markRead: (target) => client.markRead(target),
      markSeen: (target) => client.markSeen(target),
    }),
    [client, messages, unreadCount, unseenCount],
  )
}

/**
 * A job's status and progress; null until the first message or row.
 *
 * @param options `queueId`: the job's queue, whose rows give the present status. Without it only later messages are heard.
 */
export function useJob(jobId: string, { queueId = null }: { queueId?: string | null } = {}): JobView | null {
  const client = useClient()
  return useStore(useMemo(() => jobStore(client, jobId, queueId), [client, jobId, queueId]))
}

/** A server renders the first snapshot. */
function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot)
}
