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
  stableAfter: 10_000,
  random: () => 0.5,
}

/** Each state as it is some seconds after it was entered. */
const STATES: Record<ConnectionStateName, ConnectionState> = {
  idle: { name: 'idle' },
  connecting: { name: 'connecting', failures: 1 },
  'catching-up': { name: 'catching-up', failures: 1, joinedAt: NOW - 1_000 },
  live: { name: 'live', failures: 1, joinedAt: NOW - 20_000, confirmedAt: NOW - 20_000 },
  stale: { name: 'stale', failures: 1, joinedAt: NOW - 20_000, reads: 1, retryAt: NOW + 500 },
  offline: { name: 'offline', failures: 2, retryAt: NOW + 500, reason: 'socket' },
  error: { name: 'error', failures: 2, retryAt: NOW + 500, code: 'join_refused' },
  closed: { name: 'closed', reason: 'disconnect' },
}

const EVENTS: Record<ConnectionEventName, ConnectionEvent> = {
  connect: { name: 'connect' },
  joined: { name: 'joined' },
  refused: { name: 'refused', code: 'join_refused' },
  down: { name: 'down', reason: 'socket' },
  behind: { name: 'behind' },
  'caught-up': { name: 'caught-up', asOf: NOW - 100 },
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
const closed: Expected = ['closed', 'end retry× check×']

const TABLE: Record<ConnectionStateName, Record<ConnectionEventName, Expected>> = {
  idle: {
    connect: ['connecting', 'join'],
    joined: ignored('idle'),
    refused: ignored('idle'),
    down: ignored('idle'),
    behind: ignored('idle'),
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
    joined: ['catching-up', 'catch-up'],
    refused: ['error', 'leave check× retry+1000'],
    down: ['offline', 'leave check× retry+1000'],
    behind: ignored('connecting'),
    'caught-up': ignored('connecting'),
    confirmed: ignored('connecting'),
    unreadable: ignored('connecting'),
    'check-due': ignored('connecting'),
    flowing: ignored('connecting'),
    'retry-due': ignored('connecting'),
    wake: ignored('connecting'),
    online: ignored('connecting'),
    offline: ['offline', 'leave check× retry+22500'],
    'retry-now': ignored('connecting'),
    close: closed,
  },
  'catching-up': {
    connect: ignored('catching-up'),
    joined: ignored('catching-up'),
    refused: ['error', 'leave check× retry+1000'],
    down: ['offline', 'leave check× retry+1000'],
    behind: ignored('catching-up'),
    'caught-up': ['live', 'check+2150'],
    confirmed: ignored('catching-up'),
    unreadable: ['stale', 'check× retry+500'],
    'check-due': ignored('catching-up'),
    flowing: ['catching-up', 'catch-up'],
    'retry-due': ignored('catching-up'),
    wake: ['catching-up', 'ping'],
    online: ['catching-up', 'ping'],
    offline: ['offline', 'leave check× retry+22500'],
    'retry-now': ['catching-up', 'ping'],
    close: closed,
  },
  live: {
    connect: ignored('live'),
    joined: ignored('live'),
    refused: ['error', 'leave check× retry+500'],
    down: ['offline', 'leave check× retry+500'],
    behind: ['catching-up', 'check× catch-up'],
    'caught-up': ['live', 'check+22400'],
    confirmed: ['live', 'check+22400'],
    unreadable: ['stale', 'check× retry+500'],
    'check-due': ['live', 'ping check-head check+10000'],
    flowing: ['live', 'ping check-head check+10000'],
    'retry-due': ignored('live'),
    wake: ['live', 'ping check-head check+10000'],
    online: ['live', 'ping check-head check+10000'],
    offline: ['offline', 'leave check× retry+22500'],
    'retry-now': ['live', 'ping check-head check+10000'],
    close: closed,
  },
  stale: {
    connect: ignored('stale'),
    joined: ignored('stale'),
    refused: ['error', 'leave check× retry+500'],
    down: ['offline', 'leave check× retry+500'],
    behind: ignored('stale'),
    'caught-up': ['live', 'retry× check+22400'],
    confirmed: ignored('stale'),
    unreadable: ['stale', 'check× retry+1000'],
    'check-due': ignored('stale'),
    flowing: ignored('stale'),
    'retry-due': ['stale', 'ping retry× catch-up'],
    wake: ['stale', 'ping retry× catch-up'],
    online: ['stale', 'ping retry× catch-up'],
    offline: ['offline', 'leave check× retry+22500'],
    'retry-now': ['stale', 'ping retry× catch-up'],
    close: closed,
  },
  offline: {
    connect: ['connecting', 'retry× join'],
    joined: ignored('offline'),
    refused: ignored('offline'),
    down: ignored('offline'),
    behind: ignored('offline'),
    'caught-up': ignored('offline'),
    confirmed: ignored('offline'),
    unreadable: ignored('offline'),
    'check-due': ignored('offline'),
    flowing: ignored('offline'),
    'retry-due': ['connecting', 'retry× join'],
    wake: ['connecting', 'retry× join'],
    online: ['connecting', 'retry× join'],
    offline: ignored('offline'),
    'retry-now': ['connecting', 'retry× join'],
    close: closed,
  },
  error: {
    connect: ['connecting', 'retry× join'],
    joined: ignored('error'),
    refused: ignored('error'),
    down: ignored('error'),
    behind: ignored('error'),
    'caught-up': ignored('error'),
    confirmed: ignored('error'),
    unreadable: ignored('error'),
    'check-due': ignored('error'),
    flowing: ignored('error'),
    'retry-due': ['connecting', 'retry× join'],
    wake: ['connecting', 'retry× join'],
    online: ['connecting', 'retry× join'],
    offline: ['offline', 'leave check× retry+22500'],
    'retry-now': ['connecting', 'retry× join'],
    close: closed,
  },
  closed: {
    connect: ignored('closed'),
    joined: ignored('closed'),
    refused: ignored('closed'),
    down: ignored('closed'),
    behind: ignored('closed'),
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
    expect(state).toEqual({ name: 'offline', failures: 1, retryAt: NOW + 500, reason: 'heartbeat-timeout' })
  })

  it('changes its reason when the device is found to be offline later', () => {
    const { state } = transition(STATES.offline, EVENTS.offline, NOW, settings)
    expect(state).toMatchObject({ name: 'offline', reason: 'network', retryAt: NOW + 500 })
  })

  it('starts the back-off afresh after a connection that lasted, and only then', () => {
    const brief: ConnectionState = {
      ...STATES.live,
      name: 'live',
      failures: 4,
      joinedAt: NOW - 9_999,
      confirmedAt: NOW,
    }
    const lasting: ConnectionState = { ...brief, joinedAt: NOW - 10_000 }
    expect(transition(brief, EVENTS.down, NOW, settings).state).toMatchObject({ failures: 5 })
    expect(transition(lasting, EVENTS.down, NOW, settings).state).toMatchObject({ failures: 1 })
  })

  it.each(['check-due', 'wake', 'online', 'retry-now'] as const)(
    'no longer calls itself live when %s comes after the check was overdue',
    (name) => {
      const slept: ConnectionState = { name: 'live', failures: 0, joinedAt: 0, confirmedAt: NOW - 30_000 }
      const next = transition(slept, EVENTS[name], NOW, settings)
      expect(next.state).toMatchObject({ name: 'stale', retryAt: null })
      expect(inShort(next.effects)).toBe('ping check× catch-up')
    },
  )

  it('is not live when the last head check is older than a check may be', () => {
    const late: ConnectionEvent = { name: 'caught-up', asOf: NOW - settings.checkInterval }
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

/** What surrounds the state: which timers run and which answers are outstanding. */
class World {
  state: ConnectionState = STATES.idle
  now = NOW
  readonly pending = new Set<'retry' | 'check' | 'join' | 'catch-up' | 'check-head'>()

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
      ['join', [EVENTS.joined, EVENTS.down, EVENTS.refused]],
      ['catch-up', [EVENTS['caught-up'], EVENTS.unreadable]],
      ['check-head', [EVENTS.confirmed, EVENTS.unreadable, EVENTS.behind]],
    ]
    const joined = ['catching-up', 'live', 'stale'].includes(this.state.name)
    return [
      ...always,
      ...(joined ? [EVENTS.down, EVENTS.refused, EVENTS.flowing] : []),
      ...answers.flatMap(([question, events]) => (this.pending.has(question) ? events : [])),
    ]
  }

  happen(event: ConnectionEvent): void {
    if (event.name === 'retry-due') this.pending.delete('retry')
    if (event.name === 'check-due') this.pending.delete('check')
    if (event.name === 'caught-up') this.pending.delete('catch-up')
    if ('asOf' in event) event = { ...event, asOf: this.now }
    if (event.name === 'confirmed' || event.name === 'behind') this.pending.delete('check-head')
    if (event.name === 'unreadable' && !this.pending.delete('check-head')) this.pending.delete('catch-up')
    if (event.name === 'joined') this.pending.delete('join')
    const { state, effects } = transition(this.state, event, this.now, settings)
    this.state = state
    for (const effect of effects) {
      if (effect.type === 'schedule') this.pending.add(effect.timer)
      else if (effect.type === 'cancel') this.pending.delete(effect.timer)
      else if (effect.type === 'leave') this.pending.delete('join')
      else if (effect.type !== 'ping') this.pending.add(effect.type)
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
        expect(world.pending.has('retry') || world.pending.has('check')).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })
})
