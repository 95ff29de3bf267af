/**
 * The delivery contract on its two pure halves, the connection state and the sequencer, in a world where a socket
 * loses, doubles and reorders, requests take any time or fail, tokens end, users go, and laptops sleep:
 *
 * - each message is delivered once, and in order;
 * - it is never `live` while it has been behind for longer than one check interval;
 * - after the user has gone nothing is delivered;
 * - left alone with a network that works, it becomes live and has everything.
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ConnectionEvent, type ConnectionState, IDLE } from './connection-state.ts'
import { type ConnectionSettings, type Effect, type TimerName, transition } from './connection-transition.ts'
import {
  clearOverflow,
  compare,
  createSequencer,
  type Head,
  isBehind,
  moveTo,
  type Position,
  receive,
  receiveRows,
  type Sequenced,
  type Sequencer,
  type Step,
} from './sequencer.ts'

const PAGE = 3
const EPOCH = 'a'

interface Read {
  kind: 'catch-up' | 'check-head'
  askedAt: number
  asked: Position | null
  isRoutine: boolean
  /** As the server saw it; null while the question is on its way. */
  head: Head | null
  /** Asked for again meanwhile. */
  again: boolean
}

class World {
  readonly settings: ConnectionSettings
  state: ConnectionState = IDLE
  sequencer: Sequencer<Sequenced> = createSequencer({ epoch: null, seq: 0 })
  now = 0
  /** When each was committed; the first is number 1. */
  readonly committedAt: number[] = []
  readonly delivered: number[] = []
  /** Broadcasts that can still arrive. */
  readonly air: Sequenced[] = []
  readonly timers = new Map<TimerName, number>()
  readonly reads = new Map<Read['kind'], Read>()
  joining = false
  /** Answers that are under way: to heartbeats, and broadcasts that the database was asked for. */
  readonly answers: ConnectionEvent[] = []
  #verified = 0
  /** Whether broadcasts get lost altogether, as over the server's limits. */
  #deaf: boolean

  constructor(random: () => number, deaf = false) {
    this.#deaf = deaf
    this.settings = {
      watchInterval: 1_500,
      isWatched: () => true,
      serverInterval: () => 0,
      reconnectDelay: 1_000,
      maxReconnectDelay: 30_000,
      checkInterval: 30_000,
      firstCheckDelay: 3_000,
      random,
    }
    this.dispatch({ name: 'connect' })
  }

  get joined(): boolean {
    return ['catching-up', 'live', 'stale'].includes(this.state.name)
  }

  dispatch(event: ConnectionEvent): void {
    const { state, effects } = transition(this.state, event, this.now, this.settings)
    this.state = state
    for (const effect of effects) this.#run(effect)
  }

  #run(effect: Effect): void {
    if (effect.type === 'schedule') this.timers.set(effect.timer, this.now + effect.delayMs)
    else if (effect.type === 'cancel') this.timers.delete(effect.timer)
    else if (effect.type === 'join') this.joining = true
    else if (effect.type === 'leave') this.joining = false
    else if (effect.type === 'catch-up') this.#ask(effect.type, false)
    else if (effect.type === 'check-head') this.#ask(effect.type, effect.isRoutine)
    else if (effect.type === 'ping') this.answers.push({ name: 'alive' })
    else if (effect.type === 'probe' && !this.#deaf) this.answers.push({ name: 'heard' })
  }

  answer(): void {
    const event = this.answers.shift()
    if (event !== undefined && this.joined) this.dispatch(event)
  }

  #ask(kind: Read['kind'], isRoutine: boolean): void {
    const read = this.reads.get(kind)
    if (read !== undefined) read.again = true
    else
      this.reads.set(kind, {
        kind,
        askedAt: this.now,
        asked: this.sequencer.cursor,
        isRoutine,
        head: null,
        again: false,
      })
    if (kind === 'catch-up' && read === undefined) this.sequencer = clearOverflow(this.sequencer)
  }

  commit(): void {
    this.committedAt.push(this.now)
    if (this.joined && !this.#deaf) this.air.push({ seq: this.committedAt.length, epoch: EPOCH })
  }

  hear(pick: number, keep: boolean): void {
    const index = pick % Math.max(1, this.air.length)
    const message = this.air[index]
    if (message === undefined) return
    if (!keep) this.air.splice(index, 1)
    if (!this.joined) return
    this.apply(receive(this.sequencer, message))
    this.dispatch({ name: 'heard' })
  }

  apply(step: Step<Sequenced>): void {
    if (this.state.name === 'closed') return
    this.sequencer = step.sequencer
    this.delivered.push(...step.deliver.map(({ seq }) => seq))
    if (step.behind) this.dispatch({ name: 'behind', isGap: true })
  }

  /** One step of a read: the server sees it, or the answer arrives, or it fails. */
  advance(kind: Read['kind'], fails: boolean): void {
    const read = this.reads.get(kind)
    if (read === undefined) return
    if (fails) {
      this.reads.delete(kind)
      this.dispatch({ name: 'unreadable' })
    } else if (read.head === null) {
      const seq = this.committedAt.length
      read.head = { epoch: seq === 0 ? null : EPOCH, seq, floor: 0 }
    } else if (kind === 'check-head') this.#checked(read, read.head)
    else this.#readOn(read, read.head)
  }

  #checked(read: Read, head: Head): void {
    this.reads.delete(read.kind)
    const even = compare(this.sequencer, head, read.asked).kind === 'even'
    if (even) this.dispatch({ name: 'confirmed', asOf: read.askedAt })
    else this.dispatch(read.isRoutine ? { name: 'lost' } : { name: 'behind', isGap: false })
  }

  #readOn(read: Read, head: Head): void {
    const comparison = compare(this.sequencer, head, read.asked)
    if (comparison.kind === 'lost') {
      this.apply(moveTo(this.sequencer, comparison.from))
      throw new Error(`took it for lost: ${comparison.reason}`)
    }
    const after = this.sequencer.cursor?.seq ?? 0
    if (after < head.seq) {
      const rows = this.committedAt.slice(after, after + PAGE).map((_, index) => at(after + 1 + index))
      this.apply(receiveRows(this.sequencer, rows))
      return
    }
    if (read.again || isBehind(this.sequencer)) {
      this.sequencer = clearOverflow(this.sequencer)
      Object.assign(read, { askedAt: this.now, asked: this.sequencer.cursor, head: null, again: false })
      return
    }
    this.reads.delete(read.kind)
    this.dispatch({ name: 'caught-up', asOf: read.askedAt, found: false })
  }

  /** Time passes and timers fire; asleep, they fire when it is over. */
  pass(ms: number, asleep: boolean): void {
    const end = this.now + ms
    if (asleep) this.now = end
    for (;;) {
      const due = [...this.timers].filter(([, time]) => time <= end).toSorted(([, a], [, b]) => a - b)[0]
      if (due === undefined) break
      const [timer, time] = due
      this.timers.delete(timer)
      this.now = Math.max(this.now, time)
      this.dispatch({ name: `${timer}-due` })
    }
    this.now = end
  }

  check(): void {
    for (; this.#verified < this.delivered.length; this.#verified += 1) {
      if (this.delivered[this.#verified] !== this.#verified + 1) expect(this.delivered).toEqual('1, 2, 3 ...')
    }
    const behindSince = this.committedAt[this.delivered.length]
    if (this.state.name === 'live' && behindSince !== undefined) {
      const behindMs = this.now - behindSince
      if (behindMs > this.settings.checkInterval) expect(`live, but behind for ${behindMs} ms`).toBe('live')
    }
  }

  /** Everything works from now on. */
  recover(): void {
    this.#deaf = false
    for (let round = 0; round < 400; round += 1) {
      if (this.joining && this.state.name === 'connecting') this.dispatch({ name: 'joined' })
      this.advance('catch-up', false)
      this.advance('check-head', false)
      this.answer()
      this.pass(250, false)
      this.check()
    }
  }
}

const at = (seq: number): Sequenced => ({ seq, epoch: EPOCH })

const CONNECTION_EVENTS: readonly ConnectionEvent[] = [
  { name: 'connect' },
  { name: 'wake' },
  { name: 'online' },
  { name: 'offline' },
  { name: 'retry-now' },
  { name: 'flowing' },
  { name: 'down', reason: 'socket' },
  { name: 'down', reason: 'heartbeat-timeout' },
  { name: 'down', reason: 'session' },
  { name: 'down', reason: 'channel-closed' },
  { name: 'refused', code: 'join_refused' },
]

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  {
    weight: 7,
    arbitrary: fc.record({ do: fc.constant('hear' as const), pick: fc.nat(), keep: fc.boolean() }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      kind: fc.constantFrom('catch-up' as const, 'check-head' as const),
      fails: fc.nat({ max: 5 }).map((n) => n === 0),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('event' as const), event: fc.constantFrom(...CONNECTION_EVENTS) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(
        fc.nat({ max: 2_000 }),
        fc.nat({ max: 12_000 }),
        fc.nat({ max: 40_000 }),
        fc.constant(7_200_000),
      ),
      asleep: fc.boolean(),
    }),
  },
)

function happen(world: World, what: typeof step extends fc.Arbitrary<infer T> ? T : never): void {
  if (what.do === 'commit') world.commit()
  else if (what.do === 'hear') world.hear(what.pick, what.keep)
  else if (what.do === 'read') world.advance(what.kind, what.fails)
  else if (what.do === 'join') {
    if (world.joining && world.state.name === 'connecting') world.dispatch({ name: 'joined' })
  } else if (what.do === 'answer') world.answer()
  else if (what.do === 'event') {
    // A server cannot refuse, drop or begin to flow what is not there.
    const needsSocket = ['down', 'refused', 'flowing'].includes(what.event.name)
    if (!needsSocket || world.joined || world.joining) world.dispatch(what.event)
  } else world.pass(what.ms, what.asleep)
}

const draws = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
const randomOf = (stream: Iterator<number>) => () => Number(stream.next().value)

describe('any course of events', () => {
  it('is delivered once, in order, and never called live while behind for longer than a check takes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.boolean(), draws, (course, deaf, stream) => {
        const world = new World(randomOf(stream), deaf)
        for (const what of course) {
          happen(world, what)
          world.check()
        }
        world.recover()
        expect(world.state.name).toBe('live')
        expect(world.delivered).toHaveLength(world.committedAt.length)
      }),
      { numRuns: 1_000 },
    )
  })

  it('ends with the user: nothing is delivered and no timer runs afterwards', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom('signed-out' as const, 'user-changed' as const, 'disconnect' as const),
        fc.array(step, { maxLength: 60 }),
        draws,
        (before, reason, after, stream) => {
          const world = new World(randomOf(stream))
          for (const what of before) happen(world, what)
          world.dispatch({ name: 'close', reason })
          const { length } = world.delivered
          for (const what of after) happen(world, what)
          expect([world.state, world.delivered.length, world.timers.size, world.joining]).toEqual([
            { name: 'closed', reason },
            length,
            0,
            false,
          ])
        },
      ),
      { numRuns: 300 },
    )
  })
})
