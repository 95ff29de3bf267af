/** The client's React hooks. */

export {
  LiveProvider,
  type LiveProviderProps,
  type Notifications,
  useClient,
  useConnection,
  useJob,
  useNotifications,
} from './hooks.ts'
export type { JobView, ReceivedMessage } from './stores.ts'
