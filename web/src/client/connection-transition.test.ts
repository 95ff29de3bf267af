/** The whole table: every event in every state. A missing cell does not compile. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  ConnectionEvent,
  ConnectionEventName,
  ConnectionState,
  ConnectionStateName,
} from './connection-state.ts'
import { type ConnectionSettings, type Effect, transition } from './connection-transition.ts'

const NOW = 1_000_000

const settings: ConnectionSettings = {
  reconnectDelay: 1_000,
  maxReconnectDelay: 30_000,
  checkInterval: 30_000,
  firstCheckDelay: 3_000,
  watchInterval: 1_500,
  isWatched: () => false,
  serverInterval: () => 0,
  random: () => 0.5,
}
const watched: ConnectionSettings = { ...settings, isWatched: () => true }

const once = { failures: 1, breaks: 1 }

/** Each state as it is some seconds after it was entered. */
const STATES: { [Name in ConnectionStateName]: Extract<ConnectionState, { name: Name }> } = {
  idle: { name: 'idle' },
  connecting: { name: 'connecting', ...once, reading: false, emptyReads: 0 },
  'catching-up': { name: 'catching-up', ...once, joinedAt: NOW - 1_000, reading: false, loss: null },
  live: { name: 'live', ...once, joinedAt: NOW - 20_000, confirmedAt: NOW - 20_000 },
  stale: {
    name: 'stale',
    ...once,
    joinedAt: NOW - 20_000,
    reads: 1,
    retryAt: NOW + 500,
    reading: false,
    loss: null,
  },
  offline: {
    name: 'offline',
    failures: 2,
    breaks: 1,
    retryAt: NOW + 500,
    reason: 'socket',
    reading: false,
    emptyReads: 0,
  },
  error: { name: 'error', failures: 2, breaks: 1, retryAt: NOW + 500, code: 'join_refused' },
  closed: { name: 'closed', reason: 'disconnect' },
}

const EVENTS: { [Name in ConnectionEventName]: Extract<ConnectionEvent, { name: Name }> } = {
  connect: { name: 'connect' },
  joined: { name: 'joined' },
  refused: { name: 'refused', code: 'join_refused' },
  down: { name: 'down', reason: 'socket' },
  behind: { name: 'behind', isGap: true },
  lost: { name: 'lost' },
  heard: { name: 'heard' },
  alive: { name: 'alive' },
  'prove-due': { name: 'prove-due' },
  'caught-up': { name: 'caught-up', asOf: NOW - 100, found: false },
  confirmed: { name: 'confirmed', asOf: NOW - 100 },
  unreadable: { name: 'unreadable' },
  'check-due': { name: 'check-due' },
  flowing: { name: 'flowing' },
  'retry-due': { name: 'retry-due' },
  wake: { name: 'wake' },
  online: { name: 'online' },
  offline: { name: 'offline' },
  'retry-now': { name: 'retry-now' },
  close: { name: 'close', reason: 'signed-out' },
}

/** The state that follows and the effects in short, e.g. `retry+500` for a timer in half a second; `-` for none. */
type Expected = readonly [ConnectionStateName, string]

const ignored = (state: ConnectionStateName): Expected => [state, '-']
const closed: Expected = ['closed', 'end retry× check× prove×']

const TABLE: Record<ConnectionStateName, Record<ConnectionEventName, Expected>> = {
  idle: {
    connect: ['connecting', 'retry× join check+1750'],
    joined: ignored('idle'),
    refused: ignored('idle'),
    down: ignored('idle'),
    behind: ignored('idle'),
    lost: ignored('idle'),
    heard: ignored('idle'),
    alive: ignored('idle'),
    'prove-due': ignored('idle'),
    'caught-up': ignored('idle'),
    confirmed: ignored('idle'),
    unreadable: ignored('idle'),
    'check-due': ignored('idle'),
    flowing: ignored('idle'),
    'retry-due': ignored('idle'),
    wake: ignored('idle'),
    online: ignored('idle'),
    offline: ignored('idle'),
    'retry-now': ignored('idle'),
    close: ['closed', '-'],
  },

  connecting: {
    connect: ignored('connecting'),
    joined: ['catching-up', 'check× catch-up prove+500'],
    refused: ['error', 'leave check× prove× retry+1000'],
    down: ['offline', 'leave prove× retry+1000'],
    behind: ignored('connecting'),
    lost: ignored('connecting'),
    heard: ignored('connecting'),
    alive: ignored('connecting'),
    'prove-due': ignored('connecting'),
    'caught-up': ['connecting', 'check+3500'],
    confirmed: ignored('connecting'),
    unreadable: ['connecting', 'check+3500'],
    'check-due': ['connecting', 'catch-up'],
    flowing: ignored('connecting'),
    'retry-due': ignored('connecting'),
    wake: ignored('connecting'),
    online: ignored('connecting'),
    offline: ['offline', 'leave prove× retry+22500'],
    'retry-now': ignored('connecting'),
    close: closed,
  },

  'catching-up': {
    connect: ignored('catching-up'),
    joined: ignored('catching-up'),
    refused: ['error', 'leave check× prove× retry+1000'],
    down: ['offline', 'leave prove× retry+1000 check+1750'],
    behind: ignored('catching-up'),
    lost: ignored('catching-up'),
    heard: ignored('catching-up'),
    alive: ['catching-up', '-'],
    'prove-due': ['catching-up', 'ping'],
    'caught-up': ['live', 'check+2150'],
    confirmed: ignored('catching-up'),
    unreadable: ['stale', 'check× retry+500'],
    'check-due': ignored('catching-up'),
    flowing: ['catching-up', 'catch-up'],
    'retry-due': ignored('catching-up'),
    wake: ['catching-up', 'ping'],
    online: ['catching-up', 'ping'],
    offline: ['offline', 'leave prove× retry+22500 check+1750'],
    'retry-now': ['catching-up', 'ping'],
    close: closed,
  },

  live: {
    connect: ignored('live'),
    joined: ignored('live'),
    refused: ['error', 'leave check× prove× retry+500'],
    down: ['offline', 'leave prove× retry+500 check+1750'],
    behind: ['catching-up', 'check× catch-up'],
    lost: ['stale', 'check× catch-up'],
    heard: ignored('live'),
    alive: ['live', '-'],
    'prove-due': ['live', 'ping'],
    'caught-up': ['live', 'check+22400'],
    confirmed: ['live', 'check+22400'],
    unreadable: ['stale', 'check× retry+500'],
    'check-due': ['live', 'beat check-head check+10000'],
    flowing: ['live', 'beat check-head check+10000'],
    'retry-due': ignored('live'),
    wake: ['live', 'ping beat check-head check+10000'],
    online: ['live', 'ping beat check-head check+10000'],
    offline: ['offline', 'leave prove× retry+22500 check+1750'],
    'retry-now': ['live', 'ping beat check-head check+10000'],
    close: closed,
  },

  stale: {
    connect: ignored('stale'),
    joined: ignored('stale'),
    refused: ['error', 'leave check× prove× retry+500'],
    down: ['offline', 'leave prove× retry+500 check+1750'],
    behind: ignored('stale'),
    lost: ignored('stale'),
    heard: ignored('stale'),
    alive: ['stale', '-'],
    'prove-due': ['stale', 'ping'],
    'caught-up': ['live', 'retry× check+22400'],
    confirmed: ignored('stale'),
    unreadable: ['stale', 'check× retry+1000'],
    'check-due': ignored('stale'),
    flowing: ignored('stale'),
    'retry-due': ['stale', 'beat retry× catch-up'],
    wake: ['stale', 'ping beat retry× catch-up'],
    online: ['stale', 'ping beat retry× catch-up'],
    offline: ['offline', 'leave prove× retry+22500 check+1750'],
    'retry-now': ['stale', 'ping beat retry× catch-up'],
    close: closed,
  },

  offline: {
    connect: ['connecting', 'retry× join'],
    joined: ignored('offline'),
    refused: ignored('offline'),
    down: ignored('offline'),
    behind: ignored('offline'),
    lost: ignored('offline'),
    heard: ignored('offline'),
    alive: ignored('offline'),
    'prove-due': ignored('offline'),
    'caught-up': ['offline', 'check+3500'],
    confirmed: ignored('offline'),
    unreadable: ['offline', 'check+3500'],
    'check-due': ['offline', 'catch-up'],
    flowing: ignored('offline'),
    'retry-due': ['connecting', 'retry× join'],
    wake: ['connecting', 'retry× join check+1750'],
    online: ['connecting', 'retry× join check+1750'],
    offline: ignored('offline'),
    'retry-now': ['connecting', 'retry× join check+1750'],
    close: closed,
  },

  error: {
    connect: ['connecting', 'retry× join check+1750'],
    joined: ignored('error'),
    refused: ignored('error'),
    down: ignored('error'),
    behind: ignored('error'),
    lost: ignored('error'),
    heard: ignored('error'),
    alive: ignored('error'),
    'prove-due': ignored('error'),
    'caught-up': ignored('error'),
    confirmed: ignored('error'),
    unreadable: ignored('error'),
    'check-due': ignored('error'),
    flowing: ignored('error'),
    'retry-due': ['connecting', 'retry× join check+1750'],
    wake: ['connecting', 'retry× join check+1750'],
    online: ['connecting', 'retry× join check+1750'],
    offline: ['offline', 'leave prove× retry+22500 check+1750'],
    'retry-now': ['connecting', 'retry× join check+1750'],
    close: closed,
  },

  closed: {
    connect: ignored('closed'),
    joined: ignored('closed'),
    refused: ignored('closed'),
    down: ignored('closed'),
    behind: ignored('closed'),
    lost: ignored('closed'),
    heard: ignored('closed'),
    alive: ignored('closed'),
    'prove-due': ignored('closed'),
    'caught-up': ignored('closed'),
    confirmed: ignored('closed'),
    unreadable: ignored('closed'),
    'check-due': ignored('closed'),
    flowing: ignored('closed'),
    'retry-due': ignored('closed'),
    wake: ignored('closed'),
    online: ignored('closed'),
    offline: ignored('closed'),
    'retry-now': ignored('closed'),
    close: ignored('closed'),
  },
}

function inShort(effects: readonly Effect[]): string {
  const words = effects.map((effect) => {
    if (effect.type === 'schedule') return `${effect.timer}+${effect.delayMs}`
    if (effect.type === 'leave') return effect.next === 'end' ? 'end' : 'leave'
    return effect.type === 'cancel' ? `${effect.timer}×` : effect.type
  })
  return words.join(' ') || '-'
}

describe('transition', () => {
  for (const [name, row] of Object.entries(TABLE)) {
    describe(name, () => {
      it.each(Object.entries(row))('%s', (eventName, expected) => {
        const state = STATES[name as ConnectionStateName]
        const event = EVENTS[eventName as ConnectionEventName]
        const next = transition(state, event, NOW, settings)
        expect([next.state.name, inShort(next.effects)]).toEqual(expected)
      })
    })
  }

  it('remembers when it will try again and why', () => {
    const { state } = transition(STATES.live, { name: 'down', reason: 'heartbeat-timeout' }, NOW, settings)
    expect(state).toMatchObject({
      name: 'offline',
      failures: 1,
      retryAt: NOW + 500,
      reason: 'heartbeat-timeout',
    })
  })

  it('changes its reason when the device is found to be offline later', () => {
    const { state } = transition(STATES.offline, EVENTS.offline, NOW, settings)
    expect(state).toMatchObject({ name: 'offline', reason: 'network', retryAt: NOW + 500 })
  })

  it('starts the back-off afresh after a connection that lasted 10 s, and after one that carried a heartbeat', () => {
    const brief = { ...STATES.live, failures: 4, breaks: 2, joinedAt: NOW - 9_999, confirmedAt: NOW }
    const lasting = { ...brief, joinedAt: NOW - 10_000 }
    expect(transition(brief, EVENTS.down, NOW, settings).state).toMatchObject({ failures: 5, breaks: 3 })
    expect(transition(lasting, EVENTS.down, NOW, settings).state).toMatchObject({ failures: 1, breaks: 1 })
    const proven = transition(brief, EVENTS.alive, NOW, settings).state
    expect(transition(proven, EVENTS.down, NOW, settings).state).toMatchObject({ failures: 1, breaks: 1 })
    // The heartbeat that is sent with the join is answered by a connection that breaks off at once, too.
    const young = { ...brief, joinedAt: NOW - 499 }
    expect(transition(young, EVENTS.alive, NOW, settings).state).toBe(young)
  })

  it('is not live on the third connection in a row that breaks off, before that one is good', () => {
    const distrusted = { ...STATES['catching-up'], breaks: 2, failures: 2, joinedAt: NOW - 100 }
    const reading = transition(distrusted, EVENTS['caught-up'], NOW, watched)
    expect(reading.state).toMatchObject({ name: 'stale', reading: true, retryAt: NOW + 1_125 })
    const proven = transition(reading.state, EVENTS.alive, NOW + 1_000, watched)
    expect(inShort(proven.effects)).toBe('retry× catch-up')
    const now = NOW + 1_100
    const confirmed = transition(proven.state, { ...EVENTS['caught-up'], asOf: now }, now, watched)
    expect(confirmed.state).toMatchObject({ name: 'live', failures: 0, breaks: 0 })
  })

  it('looks at the table more often while somebody watches, and not more often than the server asks for', () => {
    const delayOf = (given: ConnectionSettings): unknown =>
      transition(STATES.live, { ...EVENTS.confirmed, asOf: NOW }, NOW, given).effects
    const check = (delayMs: number) => [{ type: 'schedule', timer: 'check', delayMs }]
    expect(delayOf(settings)).toEqual(check(22_500))
    expect(delayOf(watched)).toEqual(check(1_125))
    expect(delayOf({ ...watched, serverInterval: () => 8_000 })).toEqual(check(6_000))
    expect(delayOf({ ...watched, serverInterval: () => 80_000 })).toEqual(check(22_500))
  })

  it('reads the table without a socket from every 2 s to every 30 s, and every 2 s again when a message is found', () => {
    let state: ConnectionState = STATES.offline
    const delays = Array.from({ length: 6 }, () => {
      const next = transition(state, EVENTS['caught-up'], NOW, { ...settings, random: () => 0.999_999 })
      state = next.state
      const [effect] = next.effects
      return effect?.type === 'schedule' ? effect.delayMs : null
    })
    expect(delays).toEqual([4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    expect(state).toMatchObject({ name: 'offline', reading: true })
    const found = transition(state, { ...EVENTS['caught-up'], found: true }, NOW, settings)
    expect(inShort(found.effects)).toBe('check+1750')
    expect(transition(state, EVENTS.unreadable, NOW, settings).state).toMatchObject({ reading: false })
  })

  it('is stale from a lost broadcast until a later one is heard, asks for one meanwhile, and then has the page read anew', () => {
    const lost = transition(STATES.live, EVENTS.lost, NOW, watched)
    expect(lost.state).toMatchObject({
      name: 'stale',
      loss: { ongoing: true, probes: 0, probeAt: NOW + 1_000 },
    })
    const read = transition(lost.state, EVENTS['caught-up'], NOW, watched)
    expect(read.state).toMatchObject({ name: 'stale', reading: true, retryAt: NOW + 1_125 })
    const early = transition(read.state, EVENTS['retry-due'], NOW + 900, watched)
    expect(inShort(early.effects)).toBe('beat retry× catch-up')
    const due = transition(read.state, EVENTS['retry-due'], NOW + 1_125, watched)
    expect(inShort(due.effects)).toBe('beat retry× catch-up probe')
    expect(due.state).toMatchObject({ loss: { probes: 1, probeAt: NOW + 1_125 + 2_000 } })
    const waiting = transition(due.state, { ...EVENTS['caught-up'], asOf: NOW + 1_200 }, NOW + 1_200, watched)
    const heard = transition(waiting.state, EVENTS.heard, NOW + 1_300, watched)
    expect(inShort(heard.effects)).toBe('retry× catch-up')
    const whole = transition(heard.state, { ...EVENTS['caught-up'], asOf: NOW + 1_300 }, NOW + 1_300, watched)
    expect([whole.state.name, inShort(whole.effects)]).toEqual(['live', 'retry× check+1125 refresh'])
  })

  it('has the page read anew after a gap, too', () => {
    const gap = transition(STATES.live, EVENTS.behind, NOW, watched)
    const { state, effects } = transition(gap.state, EVENTS['caught-up'], NOW, watched)
    expect([state.name, inShort(effects)]).toEqual(['live', 'check+1025 refresh'])
  })

  it.each(['check-due', 'wake', 'online', 'retry-now'] as const)(
    'no longer calls itself live when %s comes after the check was overdue',
    (name) => {
      const slept = { ...STATES.live, joinedAt: 0, confirmedAt: NOW - 30_000 }
      const next = transition(slept, EVENTS[name], NOW, settings)
      expect(next.state).toMatchObject({ name: 'stale', retryAt: null })
      expect(inShort(next.effects)).toMatch(/^(ping )?beat check× catch-up$/)
    },
  )

  it('is not live when the last head check is older than a check may be', () => {
    const late = { ...EVENTS['caught-up'], asOf: NOW - settings.checkInterval }
    const next = transition(STATES['catching-up'], late, NOW, settings)
    expect([next.state.name, inShort(next.effects)]).toEqual(['catching-up', 'catch-up'])
  })

  it('counts from the moment the head was asked for', () => {
    expect(transition(STATES.live, EVENTS.confirmed, NOW, settings).state).toMatchObject({
      confirmedAt: NOW - 100,
    })
  })

  it('does not let an older answer replace a newer one', () => {
    const late: ConnectionEvent = { name: 'confirmed', asOf: NOW - 25_000 }
    expect(transition(STATES.live, late, NOW, settings).state).toBe(STATES.live)
  })

  it('leaves slack between a check and its being overdue, for every random delay', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (draw) => {
        const { effects } = transition(STATES.live, EVENTS.confirmed, NOW, {
          ...settings,
          random: () => draw,
        })
        const [effect] = effects
        expect(effect).toMatchObject({ type: 'schedule', timer: 'check' })
        if (effect?.type === 'schedule')
          expect(effect.delayMs).toBeLessThanOrEqual(settings.checkInterval * 0.9)
      }),
    )
  })
})

function isMomentary(
  effect: Effect,
): effect is Extract<Effect, { type: 'ping' | 'beat' | 'probe' | 'refresh' }> {
  return ['ping', 'beat', 'probe', 'refresh'].includes(effect.type)
}

/** What surrounds the state: which timers run and which answers are outstanding. */
class World {
  state: ConnectionState = STATES.idle
  now = NOW
  readonly pending = new Set<'retry' | 'check' | 'prove' | 'join' | 'catch-up' | 'check-head'>()

  /** Events that can happen next: a timer fires once, and an answer follows a request. */
  possible(): ConnectionEvent[] {
    const always = [
      EVENTS.connect,
      EVENTS.wake,
      EVENTS.online,
      EVENTS.offline,
      EVENTS['retry-now'],
      EVENTS.behind,
    ]
    const answers: [Parameters<typeof this.pending.has>[0], ConnectionEvent[]][] = [
      ['retry', [EVENTS['retry-due']]],
      ['check', [EVENTS['check-due']]],
      ['prove', [EVENTS['prove-due']]],
      ['join', [EVENTS.joined, EVENTS.down, EVENTS.refused]],
      ['catch-up', [EVENTS['caught-up'], EVENTS.unreadable]],
      ['check-head', [EVENTS.confirmed, EVENTS.unreadable, EVENTS.behind, EVENTS.lost]],
    ]
    const joined = ['catching-up', 'live', 'stale'].includes(this.state.name)
    return [
      ...always,
      ...(joined ? [EVENTS.down, EVENTS.refused, EVENTS.flowing, EVENTS.alive, EVENTS.heard] : []),
      ...answers.flatMap(([question, events]) => (this.pending.has(question) ? events : [])),
    ]
  }

  happen(event: ConnectionEvent): void {
    if (event.name === 'retry-due') this.pending.delete('retry')
    if (event.name === 'check-due') this.pending.delete('check')
    if (event.name === 'prove-due') this.pending.delete('prove')
    if (event.name === 'caught-up') this.pending.delete('catch-up')
    if ('asOf' in event) event = { ...event, asOf: this.now }
    if (['confirmed', 'behind', 'lost'].includes(event.name)) this.pending.delete('check-head')
    if (event.name === 'unreadable' && !this.pending.delete('check-head')) this.pending.delete('catch-up')
    if (event.name === 'joined') this.pending.delete('join')
    const { state, effects } = transition(this.state, event, this.now, settings)
    this.state = state
    for (const effect of effects) {
      if (effect.type === 'schedule') this.pending.add(effect.timer)
      else if (effect.type === 'cancel') this.pending.delete(effect.timer)
      else if (effect.type === 'leave') this.pending.delete('join')
      else if (!isMomentary(effect)) this.pending.add(effect.type)
    }
  }
}

/** In each state one of these has to be outstanding, or the client would wait for ever. */
const WAYS_ON: Record<ConnectionStateName, readonly Parameters<World['pending']['has']>[0][]> = {
  idle: [],
  connecting: ['join'],
  'catching-up': ['catch-up'],
  live: ['check'],
  stale: ['retry', 'catch-up'],
  offline: ['retry'],
  error: ['retry'],
  closed: [],
}

describe('any possible sequence of events', () => {
  it('never ends in a state without a timer or a request under way', () => {
    const steps = fc.array(fc.record({ draw: fc.nat(), wait: fc.nat({ max: 40_000 }) }), { maxLength: 80 })
    fc.assert(
      fc.property(steps, (draws) => {
        const world = new World()
        for (const { draw, wait } of draws) {
          world.now += wait
          const possible = world.possible()
          const event = possible[draw % possible.length]
          if (event === undefined) throw new Error('nothing can happen')
          world.happen(event)
          const ways = WAYS_ON[world.state.name]
          if (ways.length > 0) {
            expect([world.state.name, ways.filter((way) => world.pending.has(way))]).not.toEqual([
              world.state.name,
              [],
            ])
          }
        }
        world.happen(EVENTS.close)
        expect(world.state.name).toBe('closed')
        expect(['retry', 'check', 'prove'].some((timer) => world.pending.has(timer as 'retry'))).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })
})
