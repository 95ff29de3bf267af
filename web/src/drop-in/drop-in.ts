/**
 * Live connection, toasts and indicator for any page.
 *
 *   connect ──> connecting, connected    the client reconnects by itself
 *      ^  └──> no session, other user ───┐
 *      └─────────────────────────────────┘ another session, "retry now"
 */

import { DashboardWebSocketClient } from '../client/index.ts'
import { createStatusIndicator, type StatusIndicator, type StatusIndicatorOptions } from '../status/index.ts'
import { createJobNotices, createToaster, type Toaster, type ToastType } from '../toasts/index.ts'
import { createLeanBackend } from './lean-backend.ts'
import { problemView, reportProblem } from './problem.ts'
import { createRealtimeTransport } from './realtime/transport.ts'
import { adoptStyles } from './styles.ts'
import { keepToken, type TokenSource } from './token.ts'
import { defaultStorageKey, storedSession } from './token-sources.ts'

export interface DropInOptions {
  /** Id of the session's user. */
  userId: string
  supabaseUrl: string
  /** The publishable (or anon) key. */
  supabaseKey: string
  /** Default: the session that supabase-js keeps. */
  token?: TokenSource
  /** Where supabase-js keeps the session. Default: its own default. */
  storageKey?: string
  /** Filled with the state of the connection; null for none. Default: `#ws-connection-status`. */
  indicator?: HTMLElement | null
  /** Whether messages about jobs are shown as toasts. Default true. */
  toasts?: boolean
  /** Logs every change of state. Default false. */
  debug?: boolean
}

export interface DropIn {
  readonly client: DashboardWebSocketClient
  readonly toaster: Toaster
  showToast(title: string, message: string, type?: ToastType, durationMs?: number): string
  /** Ends everything, and leaves the page as it was. */
  close(): void
}

export const INDICATOR_ID = 'ws-connection-status'

/** Milliseconds after which the token is asked for again, to notice a sign-out by the page's server. */
const TOKEN_MAX_AGE = 300_000

export function startDropIn(options: DropInOptions): DropIn {
  const { userId, supabaseUrl, supabaseKey, debug = false } = options
  const storageKey = options.storageKey ?? defaultStorageKey(supabaseUrl)
  const removeStyles = adoptStyles()
  const toaster = createToaster()
  const tokens =
    options.token === undefined
      ? keepToken(storedSession({ supabaseUrl, supabaseKey, storageKey }), { maxAge: 0 })
      : keepToken(options.token, { maxAge: TOKEN_MAX_AGE })
  const project = { supabaseUrl, supabaseKey, tokens }
  const client = new DashboardWebSocketClient({
    supabase: createLeanBackend({
      ...project,
      watchSession: (changed) => watchStorage(storageKey, changed),
    }),
    transport: createRealtimeTransport({ ...project, log: debug ? logFrame : undefined }),
    debug,
  })
  const element = options.indicator === undefined ? document.getElementById(INDICATOR_ID) : options.indicator
  let indicator: StatusIndicator | null = null
  const stop = new AbortController()
  let connecting = false

  function show(view: StatusIndicatorOptions['client']): void {
    indicator?.destroy()
    indicator = element === null ? null : createStatusIndicator({ element, client: view })
  }

  async function connect(): Promise<void> {
    if (connecting || stop.signal.aborted) return
    connecting = true
    show(client)
    try {
      await client.connect(userId)
    } catch (cause) {
      if (!stop.signal.aborted) show(problemView(reportProblem(cause), () => void connect()))
    } finally {
      connecting = false
    }
  }

  if (options.toasts !== false) {
    const notices = createJobNotices({
      toaster,
      contextOf: () => ({ subject: null, href: null, self: client.getState().userId }),
    })
    client.on('message', (message, delivery) => notices.message(message, delivery))
    client.on('connected', () => notices.caughtUp())
  }
  // Before the first connection an error may be the page's own: a missing token, for example.
  client.on('error', (error) => {
    if (!isConnecting(client)) reportProblem(error)
  })
  // Try again after a sign-in, also in another tab, and when the network is back.
  const { signal } = stop
  const stopWatching = watchStorage(storageKey, () => void resume())
  window.addEventListener('online', () => void resume(), { signal })

  async function resume(): Promise<void> {
    if (!isConnecting(client)) await connect()
  }

  void connect()

  return {
    client,
    toaster,
    showToast: (title, message, type, durationMs) => toaster.showToast(title, message, type, durationMs),
    close() {
      stop.abort()
      stopWatching()
      client.disconnect()
      indicator?.destroy()
      toaster.destroy()
      removeStyles()
    },
  }
}

/** Connecting or connected. */
function isConnecting(client: DashboardWebSocketClient): boolean {
  const { state } = client.getState()
  return state !== 'idle' && state !== 'closed'
}

function logFrame(text: string, payload: unknown): void {
  console.debug(`[live] ${text}`, payload)
}

/** Calls back when another tab has written the session. A change in this page fires no event; the next check notices it. */
function watchStorage(storageKey: string, changed: () => void): () => void {
  const stop = new AbortController()
  window.addEventListener(
    'storage',
    ({ key }) => {
      if (key === storageKey || key === null) changed()
    },
    { signal: stop.signal },
  )
  return () => stop.abort()
}
