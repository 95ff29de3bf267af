/** The words of the connection indicator: a pure function of the client's state and the time. */

import type { ClientState } from '../client/index.ts'

export type StatusTone = 'live' | 'busy' | 'offline' | 'error'

export interface StatusPresentation {
  tone: StatusTone
  symbol: '●' | '○' | '⚠'
  label: string
  /** One sentence on the state. */
  detail: string
  /** Whether trying again at once is of use. */
  canRetry: boolean
  /** Seconds until the next attempt; null when none is planned. */
  retryInSeconds: number | null
}

/** Milliseconds that a drop has to last to be shown. */
export const SHOW_AFTER = 2_500

type Shown = Pick<
  ClientState,
  'state' | 'reason' | 'retryAt' | 'latencyMs' | 'reconnectAttempts' | 'isConnected' | 'isReading'
>

export function present(client: Shown, now: number): StatusPresentation {
  const retryInSeconds =
    client.retryAt === null ? null : Math.max(0, Math.ceil((client.retryAt - now) / 1000))
  if (client.isReading) return reading(client)
  switch (client.state) {
    case 'live':
      return {
        tone: 'live',
        symbol: '●',
        label: 'Live',
        detail:
          client.latencyMs === null
            ? 'Updates arrive as they happen.'
            : `Updates arrive as they happen. Round trip ${client.latencyMs} ms.`,
        canRetry: false,
        retryInSeconds: null,
      }
    case 'idle':
      return busy('Connecting', 'Opening the live connection.')
    case 'connecting':
      // After a lost connection, the label would flicker with each attempt.
      if (client.reconnectAttempts > 0) return { ...offline(client.reason), retryInSeconds: 0 }
      return busy('Connecting', 'Opening the live connection.')
    case 'catching-up':
      return busy('Catching up', 'Reading what happened in the meantime.')
    case 'stale':
      return {
        ...busy('Checking', 'Updates arrive, but it is not certain that none is missing.'),
        canRetry: client.retryAt !== null,
        retryInSeconds,
      }
    case 'offline':
      return { ...offline(client.reason), retryInSeconds }
    case 'error':
      return {
        tone: 'error',
        symbol: '⚠',
        label: 'Error',
        detail: refusalOf(client.reason),
        canRetry: true,
        retryInSeconds,
      }
    case 'closed':
      return { ...offline(null), detail: CLOSINGS[client.reason ?? ''] ?? 'Disconnected.', canRetry: false }
  }
}

/** No countdown: updates arrive meanwhile, and the attempts to open a connection make no difference to them. */
function reading({ isConnected, reason }: Shown): StatusPresentation {
  const why = isConnected
    ? 'The live connection loses updates.'
    : (LOSSES[reason ?? ''] ?? 'No live connection can be kept open here.')
  return {
    ...busy('Updates every few seconds', `${why} Updates are fetched instead, and none is missing.`),
    canRetry: !isConnected,
  }
}

/** Milliseconds for which the indicator keeps the state that it shows, so that short drops are not shown. */
export function holdFor(shown: StatusTone | null, next: StatusTone, since: number, now: number): number {
  if (shown !== 'live' || next === 'live' || next === 'error') return 0
  return Math.max(0, since + SHOW_AFTER - now)
}

function busy(label: string, detail: string): StatusPresentation {
  return { tone: 'busy', symbol: '○', label, detail, canRetry: false, retryInSeconds: null }
}

/** Sentences for error codes. */
const REFUSALS: Readonly<Record<string, string>> = {
  too_many_connections: 'This account is connected on as many devices as allowed. Close one of them.',
  connection_displaced: 'Another of your devices has taken the place of this one.',
  configuration_missing: 'This page is not set up for live updates.',
  configuration_invalid: 'This page is not set up for live updates.',
  user_mismatch: 'Another account is signed in than the one this page was made for.',
}

function refusalOf(code: string | null): string {
  return REFUSALS[code ?? ''] ?? 'The server refused the live connection. Try again, or sign in anew.'
}

const CLOSINGS: Readonly<Record<string, string>> = {
  'account-deleted': 'This account was deleted. Nothing of it is kept in this browser.',
  'signed-out': 'Signed out.',
}

const LOSSES: Readonly<Record<string, string>> = {
  network: 'This device has no network connection.',
  session: 'The sign-in has ended and could not be renewed. Trying again; otherwise sign in anew.',
  not_signed_in: 'You are not signed in.',
}

function offline(reason: string | null): StatusPresentation {
  return {
    tone: 'offline',
    symbol: '○',
    label: 'Offline',
    detail:
      LOSSES[reason ?? ''] ?? 'The connection was lost. What happens now is shown as soon as it is back.',
    canRetry: true,
    retryInSeconds: null,
  }
}
