/**
 * The state machine of `connection-state.ts` as a pure function: (state, event, now) -> { state, effects }.
 *
 * The function reads no clock, draws no random number and touches no socket: `settings.random` is passed in, times are
 * milliseconds of the caller's clock, and the effects tell the caller what to do.
 */

import { backoffDelay } from '../../../functions-shared/backoff.ts'
import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import type {
  CloseReason,
  ConnectionEvent,
  ConnectionState,
  ConnectionStateName,
  DownReason,
} from './connection-state.ts'

export type TimerName = 'retry' | 'check'

export type Effect =
  | { type: 'join' }
  /** `rejoin`: another attempt follows, so a socket that works may stay; `end`: nothing follows for now. */
  | { type: 'leave'; next: 'rejoin' | 'end' }
  /** Read the table up to its head; ends in `caught-up` or `unreadable`. */
  | { type: 'catch-up' }
  /** Compare the cursor with the table's head; ends in `confirmed`, `behind` or `unreadable`. */
  | { type: 'check-head' }
  /** Send a heartbeat; ends in `down` when it is not answered. */
  | { type: 'ping' }
  | { type: 'schedule'; timer: TimerName; delayMs: number }
  | { type: 'cancel'; timer: TimerName }

export interface ConnectionSettings {
  /** Milliseconds; ceiling of the first reconnect delay. */
  reconnectDelay: number
  /** Milliseconds; no delay between attempts is longer. */
  maxReconnectDelay: number
  /** Milliseconds; the longest time between two head checks while live. */
  checkInterval: number
  /** Milliseconds from joining to the first head check. */
  firstCheckDelay: number
  /** Milliseconds that a connection has to last until the back-off starts from its first delay again. */
  stableAfter: number
  /** A uniform draw in [0, 1). */
  random: () => number
}

export interface Transition {
  state: ConnectionState
  effects: Effect[]
}

export function transition(
  state: ConnectionState,
  event: ConnectionEvent,
  now: number,
  settings: ConnectionSettings,
): Transition {
  if (state.name === 'closed') return stay(state)
  if (event.name === 'close') return close(state, event.reason)
  switch (state.name) {
    case 'idle':
      return event.name === 'connect' ? connect(0) : stay(state)
    case 'connecting':
      return whileConnecting(state, event, now, settings)
    case 'offline':
    case 'error':
      return whileDown(state, event, now, settings)
    case 'catching-up':
    case 'live':
    case 'stale':
      return whileJoined(state, event, now, settings)
  }
}

type StateNamed<Name extends ConnectionStateName> = Extract<ConnectionState, { name: Name }>
type Joined = StateNamed<'catching-up' | 'live' | 'stale'>

function whileConnecting(
  state: StateNamed<'connecting'>,
  event: ConnectionEvent,
  now: number,
  settings: ConnectionSettings,
): Transition {
  switch (event.name) {
    case 'joined':
      return {
        state: { name: 'catching-up', failures: state.failures, joinedAt: now },
        effects: [{ type: 'catch-up' }],
      }
    case 'refused':
      return refused(state.failures, event.code, now, settings)
    case 'down':
      return down(state.failures, event.reason, now, settings)
    case 'offline':
      return down(state.failures, 'network', now, settings)
    default:
      return stay(state)
  }
}

function whileDown(
  state: StateNamed<'offline' | 'error'>,
  event: ConnectionEvent,
  now: number,
  settings: ConnectionSettings,
): Transition {
  switch (event.name) {
    case 'retry-due':
    case 'wake':
    case 'online':
    case 'retry-now':
    case 'connect':
      return { state: connect(state.failures).state, effects: [cancel('retry'), { type: 'join' }] }
    case 'offline':
      return state.name === 'error'
        ? down(state.failures, 'network', now, settings)
        : stay(withNetworkDown(state))
    default:
      return stay(state)
  }
}

function whileJoined(
  state: Joined,
  event: ConnectionEvent,
  now: number,
  settings: ConnectionSettings,
): Transition {
  switch (event.name) {
    case 'refused':
      return refused(failuresBefore(state, now, settings), event.code, now, settings)
    case 'down':
      return down(failuresBefore(state, now, settings), event.reason, now, settings)
    case 'offline':
      return down(failuresBefore(state, now, settings), 'network', now, settings)
    case 'unreadable':
      return unreadable(state, now, settings)
    case 'caught-up':
      // The read took longer than a check interval: its head is out of date.
      if (now - event.asOf >= settings.checkInterval) return { state, effects: [{ type: 'catch-up' }] }
      return live(state, event.asOf, now, settings)
    case 'confirmed':
      if (state.name !== 'live' || event.asOf < state.confirmedAt) return stay(state)
      return live(state, event.asOf, now, settings)
    case 'behind':
      // In `stale` a read is running or waits for its back-off.
      return state.name === 'live' ? catchUp(state) : stay(state)
    case 'check-due':
      return state.name === 'live' ? check(state, now, settings) : stay(state)
    case 'flowing':
      return flowing(state, now, settings)
    case 'retry-due':
      return state.name === 'stale' ? readAgain(state) : stay(state)
    case 'wake':
    case 'online':
    case 'retry-now':
      if (state.name === 'live') return check(state, now, settings)
      return state.name === 'stale' ? readAgain(state) : { state, effects: [{ type: 'ping' }] }
  }
  return stay(state)
}

function stay(state: ConnectionState): Transition {
  return { state, effects: [] }
}

function cancel(timer: TimerName): Effect {
  return { type: 'cancel', timer }
}

function leave(next: 'rejoin' | 'end'): Effect {
  return { type: 'leave', next }
}

function connect(failures: number): Transition {
  return { state: { name: 'connecting', failures }, effects: [{ type: 'join' }] }
}

function close(state: ConnectionState, reason: CloseReason): Transition {
  return {
    state: { name: 'closed', reason },
    effects: state.name === 'idle' ? [] : [leave('end'), cancel('retry'), cancel('check')],
  }
}

function down(failures: number, reason: DownReason, now: number, settings: ConnectionSettings): Transition {
  // An offline device announces when it is online again. Until then the attempts only verify that.
  const delayMs =
    reason === 'network'
      ? Math.round(settings.maxReconnectDelay * (0.5 + settings.random() / 2))
      : retryDelay(failures, settings)
  return {
    state: { name: 'offline', failures: failures + 1, retryAt: now + delayMs, reason },
    effects: [leave('rejoin'), cancel('check'), { type: 'schedule', timer: 'retry', delayMs }],
  }
}

function refused(
  failures: number,
  code: ClientErrorCode,
  now: number,
  settings: ConnectionSettings,
): Transition {
  const delayMs = retryDelay(failures, settings)
  return {
    state: { name: 'error', failures: failures + 1, retryAt: now + delayMs, code },
    effects: [leave('rejoin'), cancel('check'), { type: 'schedule', timer: 'retry', delayMs }],
  }
}

function withNetworkDown(state: StateNamed<'offline' | 'error'>): ConnectionState {
  return state.name === 'offline' ? { ...state, reason: 'network' } : state
}

function live(state: Joined, asOf: number, now: number, settings: ConnectionSettings): Transition {
  const { failures, joinedAt } = state
  const delayMs = Math.max(0, asOf + checkDelay(state, now, settings) - now)
  return {
    state: { name: 'live', failures, joinedAt, confirmedAt: asOf },
    effects: [
      ...(state.name === 'stale' ? [cancel('retry')] : []),
      { type: 'schedule', timer: 'check', delayMs },
    ],
  }
}

function catchUp(state: StateNamed<'live'>): Transition {
  return {
    state: { name: 'catching-up', failures: state.failures, joinedAt: state.joinedAt },
    effects: [cancel('check'), { type: 'catch-up' }],
  }
}

/**
 * Starts a head check that has to be answered before the check interval is over. A check that comes too late (a laptop that
 * slept, frozen timers), or that was not answered, leads to `stale`.
 */
function check(state: StateNamed<'live'>, now: number, settings: ConnectionSettings): Transition {
  const { failures, joinedAt, confirmedAt } = state
  const delayMs = confirmedAt + settings.checkInterval - now
  return delayMs <= 0
    ? {
        state: { name: 'stale', failures, joinedAt, reads: 0, retryAt: null },
        effects: [{ type: 'ping' }, cancel('check'), { type: 'catch-up' }],
      }
    : {
        state,
        effects: [{ type: 'ping' }, { type: 'check-head' }, { type: 'schedule', timer: 'check', delayMs }],
      }
}

/** A running read may have begun before the replication stream: it continues until it has read everything written by now. */
function flowing(state: Joined, now: number, settings: ConnectionSettings): Transition {
  if (state.name === 'live') return check(state, now, settings)
  const reading = state.name === 'catching-up' || state.retryAt === null
  return reading ? { state, effects: [{ type: 'catch-up' }] } : stay(state)
}

function readAgain(state: StateNamed<'stale'>): Transition {
  return {
    state: { ...state, retryAt: null },
    effects: [{ type: 'ping' }, cancel('retry'), { type: 'catch-up' }],
  }
}

function unreadable(state: Joined, now: number, settings: ConnectionSettings): Transition {
  const reads = state.name === 'stale' ? state.reads : 0
  const delayMs = retryDelay(reads, settings)
  const { failures, joinedAt } = state
  return {
    state: { name: 'stale', failures, joinedAt, reads: reads + 1, retryAt: now + delayMs },
    effects: [cancel('check'), { type: 'schedule', timer: 'retry', delayMs }],
  }
}

function failuresBefore(state: Joined, now: number, settings: ConnectionSettings): number {
  return now - state.joinedAt >= settings.stableAfter ? 0 : state.failures
}

function retryDelay(failures: number, settings: ConnectionSettings): number {
  return backoffDelay(failures, {
    baseMs: settings.reconnectDelay,
    maxMs: settings.maxReconnectDelay,
    random: settings.random,
  })
}

/**
 * Milliseconds to the next head check. Short after joining, because the replication stream can start late. Between 60 and
 * 90 % of the interval: jitter, and time to answer before the check counts as overdue.
 */
function checkDelay(state: Joined, now: number, settings: ConnectionSettings): number {
  const young = now - state.joinedAt < settings.firstCheckDelay
  const ceiling = young ? settings.firstCheckDelay : settings.checkInterval
  return Math.round(ceiling * (0.6 + 0.3 * settings.random()))
}
