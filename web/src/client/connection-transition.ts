/**
 * The state machine of `connection-state.ts` as a pure function: (state, event, now) -> { state, effects }.
 *
 * The function reads no clock, draws no random number and touches no socket: `settings` has them, times are milliseconds of
 * the caller's clock, and the effects tell the caller what to do.
 */

import { backoffDelay } from '../../../functions-shared/backoff.ts'
import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import {
  type Attempts,
  type CloseReason,
  type ConnectionEvent,
  type ConnectionState,
  type ConnectionStateName,
  type DownReason,
  isReading,
  type Loss,
  UNTRIED,
  type Unjoined,
} from './connection-state.ts'

/** `check`: next look at the table. `retry`: next join, or next read in `stale`. `prove`: heartbeat after a join. */
export type TimerName = 'retry' | 'check' | 'prove'

export type Effect =
  | { type: 'join' }
  /** `rejoin`: another attempt follows, so a socket that works may stay; `end`: nothing follows for now. */
  | { type: 'leave'; next: 'rejoin' | 'end' }
  /** Read the table up to its head; ends in `caught-up` or `unreadable`. */
  | { type: 'catch-up' }
  /**
   * Compare the cursor with the table's head; ends in `confirmed`, `lost`, `behind` or `unreadable`. `isRoutine`: broadcasts
   * of missing messages may be under way and are waited for; else the table is read at once.
   */
  | { type: 'check-head'; isRoutine: boolean }
  /** Send a heartbeat; ends in `alive`, or in `down` when it is not answered. */
  | { type: 'ping' }
  /** As `ping`, unless one was sent a short time ago. */
  | { type: 'beat' }
  /** Ask the database for a broadcast on the user's topic. It ends in `heard` unless it is lost. */
  | { type: 'probe' }
  /** Broadcasts were lost and arrive again: what is not in the table has to be read anew. */
  | { type: 'refresh' }
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
  /** Milliseconds between two looks at the table, at most, while somebody watches. */
  watchInterval: number
  /** Whether the page is visible and in use. */
  isWatched: () => boolean
  /** Milliseconds between two looks at the table that the server asks for at least. */
  serverInterval: () => number
  /** A uniform draw in [0, 1). */
  random: () => number
}

/** Milliseconds after which a connection counts as good, whatever it has carried. */
export const LASTING = 10_000

/**
 * Milliseconds from the join to the heartbeat that makes a connection good when it is answered. Below the time between two
 * cuts of a usable line, and above the life of a connection that a proxy ends at once.
 */
export const PROVE_AFTER = 500

/** After this number of failures in a row a connection is trusted only once it is good. */
const DISTRUSTED_FROM = 2

/** Milliseconds before the first read without a socket, and between two reads at most. */
const FIRST_READ = 2_000
const MAX_READ_DELAY = 30_000

/** Milliseconds between two reads while broadcasts are being lost and nobody watches. */
const UNWATCHED_LOSS_INTERVAL = 10_000

/** Milliseconds; ceilings of the delay before the first broadcast that tests the way from the database, and of all delays. */
const FIRST_PROBE = 2_000
const MAX_PROBE_DELAY = 20_000

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
      return event.name === 'connect' ? connect(UNTRIED, settings) : stay(state)
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
type JoinedState = StateNamed<'catching-up' | 'live' | 'stale'>

const NO_ATTEMPTS: Attempts = { failures: 0, breaks: 0 }

function whileConnecting(
  state: StateNamed<'connecting'>,
  event: ConnectionEvent,
  now: number,
  settings: ConnectionSettings,
): Transition {
  const { failures, breaks, reading } = state
  switch (event.name) {
    case 'joined':
      return {
        state: { name: 'catching-up', failures, breaks, joinedAt: now, reading, loss: null },
        effects: [cancel('check'), { type: 'catch-up' }, schedule('prove', PROVE_AFTER)],
      }
    case 'refused':
      return refused(state, event.code, now, settings)
    case 'down':
      return down(state, event.reason, now, settings)
    case 'offline':
      return down(state, 'network', now, settings)
    default:
      return read(state, event, settings)
  }
}

function whileDown(
  state: StateNamed<'offline' | 'error'>,
  event: ConnectionEvent,
  now: number,
  settings: ConnectionSettings,
): Transition {
  switch (event.name) {
    case 'wake':
    case 'online':
    case 'retry-now':
      return connect({ ...attempts(state), reading: isReading(state), emptyReads: 0 }, settings)
    case 'connect':
    case 'retry-due':
      if (state.name === 'error') return connect({ ...UNTRIED, ...attempts(state) }, settings)
      return {
        state: { name: 'connecting', ...unjoined(state) },
        effects: [cancel('retry'), { type: 'join' }],
      }
    case 'offline':
      if (state.name === 'offline') return stay({ ...state, reason: 'network' })
      return startReading(down({ ...UNTRIED, ...attempts(state) }, 'network', now, settings), settings)
    default:
      return state.name === 'offline' ? read(state, event, settings) : stay(state)
  }
}

function whileJoined(
  state: JoinedState,
  event: ConnectionEvent,
  now: number,
  settings: ConnectionSettings,
): Transition {
  switch (event.name) {
    case 'refused':
      return refused(attempts(state, now), event.code, now, settings)
    case 'down':
      return cut(state, event.reason, now, settings)
    case 'offline':
      return cut(state, 'network', now, settings)
    case 'unreadable':
      return unreadable(state, now, settings)
    case 'caught-up':
      // The read took longer than a check interval: its head is out of date.
      if (now - event.asOf >= settings.checkInterval) return { state, effects: [{ type: 'catch-up' }] }
      return caughtUp(state, event.asOf, now, settings)
    case 'confirmed':
      if (state.name !== 'live' || event.asOf < state.confirmedAt) return stay(state)
      return live(state, event.asOf, now, settings)
    case 'behind':
      // In `stale` a read is running or waits for its turn.
      return state.name === 'live' ? catchUp(state, event.isGap) : stay(state)
    case 'lost':
      return state.name === 'live' ? lose(state, now, settings) : stay(state)
    case 'heard':
      return heard(state)
    case 'alive':
      return alive(state, now)
    case 'prove-due':
      return { state, effects: [{ type: 'ping' }] }
    case 'check-due':
      return state.name === 'live' ? check(state, now, settings, true) : stay(state)
    case 'flowing':
      return flowing(state, now, settings)
    case 'retry-due':
      return state.name === 'stale' ? readAgain(state, now, settings) : stay(state)
    case 'wake':
    case 'online':
    case 'retry-now':
      if (state.name === 'live') return withPing(check(state, now, settings, false))
      return state.name === 'stale'
        ? withPing(readAgain(state, now, settings))
        : { state, effects: [{ type: 'ping' }] }
  }
  return stay(state)
}

function stay(state: ConnectionState): Transition {
  return { state, effects: [] }
}

function cancel(timer: TimerName): Effect {
  return { type: 'cancel', timer }
}

function schedule(timer: TimerName, delayMs: number): Effect {
  return { type: 'schedule', timer, delayMs }
}

function withPing({ state, effects }: Transition): Transition {
  return { state, effects: [{ type: 'ping' }, ...effects] }
}

function connect(before: Unjoined, settings: ConnectionSettings): Transition {
  const joining: Transition = {
    state: { name: 'connecting', ...before },
    effects: [cancel('retry'), { type: 'join' }],
  }
  return startReading(joining, settings)
}

function close(state: ConnectionState, reason: CloseReason): Transition {
  return {
    state: { name: 'closed', reason },
    effects:
      state.name === 'idle'
        ? []
        : [{ type: 'leave', next: 'end' }, cancel('retry'), cancel('check'), cancel('prove')],
  }
}

// without a socket

/** A joined connection was lost. */
function cut(state: JoinedState, reason: DownReason, now: number, settings: ConnectionSettings): Transition {
  const before = attempts(state, now)
  const unjoinedNow = { ...before, breaks: before.breaks + 1, reading: isReading(state), emptyReads: 0 }
  return startReading(down(unjoinedNow, reason, now, settings), settings)
}

function down(before: Unjoined, reason: DownReason, now: number, settings: ConnectionSettings): Transition {
  // An offline device announces when it is online again. Until then the attempts only verify that.
  const delayMs =
    reason === 'network'
      ? Math.round(settings.maxReconnectDelay * (0.5 + settings.random() / 2))
      : retryDelay(before.failures, settings)
  const { breaks, reading, emptyReads } = before
  const failures = before.failures + 1
  return {
    state: { name: 'offline', failures, breaks, reading, emptyReads, retryAt: now + delayMs, reason },
    effects: [{ type: 'leave', next: 'rejoin' }, cancel('prove'), schedule('retry', delayMs)],
  }
}

function refused(
  { failures, breaks }: Attempts,
  code: ClientErrorCode,
  now: number,
  settings: ConnectionSettings,
): Transition {
  const delayMs = retryDelay(failures, settings)
  return {
    state: { name: 'error', failures: failures + 1, breaks, retryAt: now + delayMs, code },
    effects: [
      { type: 'leave', next: 'rejoin' },
      cancel('check'),
      cancel('prove'),
      schedule('retry', delayMs),
    ],
  }
}

/** The table is read until a socket is joined. A short loss is over before the first read. */
function startReading({ state, effects }: Transition, settings: ConnectionSettings): Transition {
  return { state, effects: [...effects, schedule('check', readDelay(0, settings))] }
}

/** Reads of the table without a socket, from every 2 s to every 30 s while nothing is found. */
function read(
  state: StateNamed<'connecting' | 'offline'>,
  event: ConnectionEvent,
  settings: ConnectionSettings,
): Transition {
  if (event.name === 'check-due') return { state, effects: [{ type: 'catch-up' }] }
  if (event.name !== 'caught-up' && event.name !== 'unreadable') return stay(state)
  const emptyReads = event.name === 'caught-up' && event.found ? 0 : state.emptyReads + 1
  return {
    state: { ...state, reading: event.name === 'caught-up', emptyReads },
    effects: [schedule('check', readDelay(emptyReads, settings))],
  }
}

function unjoined({ failures, breaks, reading, emptyReads }: Unjoined): Unjoined {
  return { failures, breaks, reading, emptyReads }
}

/** Three quarters are fixed, so that a page is not left without updates, and a quarter spreads a crowd. */
function readDelay(emptyReads: number, { serverInterval, random }: ConnectionSettings): number {
  const ceiling = Math.min(MAX_READ_DELAY, FIRST_READ * 2 ** Math.min(emptyReads, 10))
  return Math.round(Math.max(ceiling, serverInterval()) * (0.75 + 0.25 * random()))
}

// joined

/** Whether the socket alone may be relied on. */
function isTrusted(state: JoinedState, now: number): boolean {
  const isLosing = 'loss' in state && state.loss?.ongoing === true
  return !isLosing && attempts(state, now).breaks < DISTRUSTED_FROM
}

function caughtUp(state: JoinedState, asOf: number, now: number, settings: ConnectionSettings): Transition {
  if (isTrusted(state, now)) return live(state, asOf, now, settings)
  const delayMs = lookDelay(settings, true)
  return {
    state: { ...toStale(state), reads: 0, retryAt: now + delayMs, reading: true },
    effects: [cancel('check'), schedule('retry', delayMs)],
  }
}

function live(state: JoinedState, asOf: number, now: number, settings: ConnectionSettings): Transition {
  const { failures, breaks, joinedAt } = state
  const delayMs = Math.max(0, asOf + checkDelay(state, now, settings) - now)
  return {
    state: { name: 'live', failures, breaks, joinedAt, confirmedAt: asOf },
    effects: [
      ...(state.name === 'stale' ? [cancel('retry')] : []),
      schedule('check', delayMs),
      ...('loss' in state && state.loss !== null ? [{ type: 'refresh' } as const] : []),
    ],
  }
}

/** After a gap, broadcasts were lost and arrive again. */
function catchUp({ failures, breaks, joinedAt }: StateNamed<'live'>, isGap: boolean): Transition {
  const loss = isGap ? { ongoing: false, probes: 0, probeAt: 0 } : null
  return {
    state: { name: 'catching-up', failures, breaks, joinedAt, reading: false, loss },
    effects: [cancel('check'), { type: 'catch-up' }],
  }
}

/** No broadcast shows the loss: whether they arrive again is tested by one that the database is asked for. */
function lose(state: StateNamed<'live'>, now: number, settings: ConnectionSettings): Transition {
  const loss = { ongoing: true, probes: 0, probeAt: now + probeDelay(0, settings) }
  return { state: { ...toStale(state), loss }, effects: [cancel('check'), { type: 'catch-up' }] }
}

/** Broadcasts arrive again. Those between the last read and this one are in the table. */
function heard(state: JoinedState): Transition {
  if (!('loss' in state) || state.loss?.ongoing !== true) return stay(state)
  const loss: Loss = { ...state.loss, ongoing: false }
  // A running read continues until it has read everything written by now.
  if (state.name !== 'stale') return { state: { ...state, loss }, effects: [{ type: 'catch-up' }] }
  return {
    state: { ...state, loss, retryAt: null },
    effects: [cancel('retry'), { type: 'catch-up' }],
  }
}

function alive(state: JoinedState, now: number): Transition {
  if (state.failures === 0 || now - state.joinedAt < PROVE_AFTER) return stay(state)
  const good = { ...state, ...NO_ATTEMPTS }
  const isWaiting = good.name === 'stale' && good.reading && good.retryAt !== null
  return isWaiting
    ? { state: { ...good, retryAt: null }, effects: [cancel('retry'), { type: 'catch-up' }] }
    : stay(good)
}

/**
 * Starts a head check that has to be answered before the check interval is over. A check that comes too late (a laptop that
 * slept, frozen timers), or that was not answered, leads to `stale`.
 */
function check(
  state: StateNamed<'live'>,
  now: number,
  settings: ConnectionSettings,
  isRoutine: boolean,
): Transition {
  const delayMs = state.confirmedAt + settings.checkInterval - now
  return delayMs <= 0
    ? { state: toStale(state), effects: [{ type: 'beat' }, cancel('check'), { type: 'catch-up' }] }
    : { state, effects: [{ type: 'beat' }, { type: 'check-head', isRoutine }, schedule('check', delayMs)] }
}

/** A running read may have begun before the replication stream: it continues until it has read everything written by now. */
function flowing(state: JoinedState, now: number, settings: ConnectionSettings): Transition {
  if (state.name === 'live') return check(state, now, settings, false)
  const isRunning = state.name === 'catching-up' || state.retryAt === null
  return isRunning ? { state, effects: [{ type: 'catch-up' }] } : stay(state)
}

function readAgain(state: StateNamed<'stale'>, now: number, settings: ConnectionSettings): Transition {
  const effects: Effect[] = [{ type: 'beat' }, cancel('retry'), { type: 'catch-up' }]
  const { loss } = state
  if (loss?.ongoing !== true || now < loss.probeAt) return { state: { ...state, retryAt: null }, effects }
  const probes = loss.probes + 1
  return {
    state: {
      ...state,
      retryAt: null,
      loss: { ...loss, probes, probeAt: now + probeDelay(probes, settings) },
    },
    effects: [...effects, { type: 'probe' }],
  }
}

function unreadable(state: JoinedState, now: number, settings: ConnectionSettings): Transition {
  const stale = toStale(state)
  const delayMs = retryDelay(stale.reads, settings)
  return {
    state: { ...stale, reads: stale.reads + 1, retryAt: now + delayMs, reading: false },
    effects: [cancel('check'), schedule('retry', delayMs)],
  }
}

/** With a read under way. */
function toStale(state: JoinedState): StateNamed<'stale'> {
  if (state.name === 'stale') return { ...state, retryAt: null }
  const { failures, breaks, joinedAt } = state
  const loss = state.name === 'catching-up' ? state.loss : null
  const reading = isReading(state)
  return { name: 'stale', failures, breaks, joinedAt, reads: 0, retryAt: null, reading, loss }
}

/** @param now for a joined state: a connection that has lasted is good. */
function attempts(state: Attempts | JoinedState, now?: number): Attempts {
  if (now !== undefined && 'joinedAt' in state && now - state.joinedAt >= LASTING) return NO_ATTEMPTS
  return { failures: state.failures, breaks: state.breaks }
}

function retryDelay(failures: number, settings: ConnectionSettings): number {
  return backoffDelay(failures, {
    baseMs: settings.reconnectDelay,
    maxMs: settings.maxReconnectDelay,
    random: settings.random,
  })
}

function probeDelay(probes: number, { random }: ConnectionSettings): number {
  return backoffDelay(probes, { baseMs: FIRST_PROBE, maxMs: MAX_PROBE_DELAY, random })
}

/**
 * Milliseconds to the next look at the table. Short while somebody watches, because a server that drops broadcasts says
 * nothing to the page. Between 60 and 90 % of the interval: jitter, and time to answer before the look counts as overdue.
 */
function lookDelay(settings: ConnectionSettings, isLosing: boolean): number {
  const { checkInterval, watchInterval, isWatched, serverInterval, random } = settings
  const wanted = isWatched() ? watchInterval : isLosing ? UNWATCHED_LOSS_INTERVAL : checkInterval
  const interval = Math.min(checkInterval, Math.max(wanted, serverInterval()))
  return Math.round(interval * (0.6 + 0.3 * random()))
}

/** Short after joining, because the replication stream can start late. */
function checkDelay(state: JoinedState, now: number, settings: ConnectionSettings): number {
  const isYoung = now - state.joinedAt < settings.firstCheckDelay
  if (!isYoung) return lookDelay(settings, false)
  return Math.min(
    Math.round(settings.firstCheckDelay * (0.6 + 0.3 * settings.random())),
    lookDelay(settings, false),
  )
}
