/**
 * Replays one recording: does what was done, as soon as what had been answered before has been answered again,
 * and compares. Pauses of the recording are kept, but not longer than `maxGapMs`.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { isRecord, parseJson } from '../protocol/serializer.ts'
import { Bindings, equal } from './compare.ts'
import { ReplayConnection } from './connection.ts'
import type { ExpectedDifference } from './differences.ts'
import { sendHttp } from './http.ts'
import { alignIdentities } from './identities.ts'
import { type ConnectionEvent, contentOf } from './lanes.ts'
import type { RecordedFrame, Recording, Step } from './recording.ts'
import { actionOf, type Scene, scenesOf } from './scenes.ts'
import type { Target } from './target.ts'
import { lengthen, shortenedTo, Translator } from './translate.ts'

export interface PlayOptions {
  /** Longest pause between two actions, ms. */
  maxGapMs: number
  /** How much later than in the recording an answer may come, ms. */
  patienceMs: number
  differences: readonly ExpectedDifference[]
}

export const DEFAULT_PLAY: Omit<PlayOptions, 'differences'> = { maxGapMs: 250, patienceMs: 5_000 }

/** One thing that was not as recorded. */
export interface Mismatch {
  where: string
  expected: unknown
  actual: unknown
}

export interface PlayResult {
  scenario: string
  mismatches: Mismatch[]
  /** Meant differences that were met, by their reasons. */
  excused: string[]
  checks: number
  milliseconds: number
}

/** How long to wait for frames that may be caused by the request that comes next. */
const MAYBE_MS = 150
/** A replay that is later than this gives up its rhythm and begins a new one. */
const CATCH_UP_MS = 50
/** After the last step: time for frames that should not come. */
const SETTLE_MS = 150

export async function play(recording: Recording, target: Target, options: PlayOptions): Promise<PlayResult> {
  return new Player(recording, target, options).run()
}

class Player {
  readonly #recording: Recording
  readonly #target: Target
  readonly #options: PlayOptions
  readonly #bindings: Bindings
  readonly #translator: Translator
  readonly #connections: ReplayConnection[] = []
  readonly #current = new Map<string, ReplayConnection>()
  readonly #refs = new Map<string, { ref: number; joinRef: string }>()
  readonly #mismatches: Mismatch[] = []
  readonly #excused = new Set<string>()
  #checks = 0
  /** When the next action is due. */
  #due = Date.now()
  /** Something that should have come did not: nothing is waited for at length any more. */
  #gaveUp = false
  #changed: () => void = () => undefined

  constructor(recording: Recording, target: Target, options: PlayOptions) {
    this.#recording = recording
    this.#target = target
    this.#options = options
    this.#bindings = new Bindings(JSON.stringify(recording.steps.map(actionOf)))
    this.#translator = new Translator(target, recording.recordedAt, Date.now(), this.#bindings)
  }

  async run(): Promise<PlayResult> {
    const started = Date.now()
    await alignIdentities(this.#recording, this.#target)
    this.#due = Date.now()
    for (const scene of scenesOf(this.#recording.steps)) {
      if (!(await this.#playScene(scene))) break
    }
    await delay(SETTLE_MS)
    for (const connection of this.#connections) connection.terminate()
    this.#compareConnections()
    return {
      scenario: this.#recording.scenario,
      mismatches: this.#mismatches,
      excused: [...this.#excused],
      checks: this.#checks,
      milliseconds: Date.now() - started,
    }
  }

  /** @returns false when the replay cannot go on. */
  async #playScene({ before, maybe, action, gap }: Scene): Promise<boolean> {
    for (const step of before) this.#observe(step)
    if (!(await this.#settle(this.#gaveUp ? MAYBE_MS : this.#patience(before)))) this.#gaveUp = true
    for (const step of maybe) this.#observe(step)
    await this.#settle(MAYBE_MS)
    if (!action) return true
    await this.#pace(gap)
    this.#target.follow?.(action.at)
    return this.#act(action)
  }

  /** @returns false when the replay cannot go on. */
  /** Keeps the recording's rhythm without letting small delays add up. */
  async #pace(gap: number): Promise<void> {
    this.#due += Math.min(this.#options.maxGapMs, gap)
    const late = Date.now() - this.#due
    if (late < 0) await delay(-late)
    else if (late > CATCH_UP_MS) this.#due = Date.now()
  }

  async #act(step: Step): Promise<boolean> {
    switch (step.dir) {
      case 'connect':
        return this.#connect(step)
      case 'send':
        this.#current.get(step.conn)?.send(await this.#translated(step.conn, step.frame))
        return true
      case 'client-close':
        this.#current.get(step.conn)?.close()
        return true
      case 'close':
        if (step.code === 1006) this.#current.get(step.conn)?.terminate()
        else this.#current.get(step.conn)?.close()
        this.#observe(step)
        return true
      case 'http':
        return this.#http(step)
      case 'sql':
        return this.#sql(step)
      default:
        return true
    }
  }

  #observe(step: Step): void {
    if (!('conn' in step)) return
    const connection = this.#current.get(step.conn)
    switch (step.dir) {
      case 'open':
        connection?.expect({ kind: 'open' })
        break
      case 'upgrade-refused': {
        const { status, body, contentType } = step
        connection?.expect({ kind: 'refused', status, body, contentType })
        break
      }
      case 'recv':
        connection?.expect({ kind: 'frame', frame: step.frame })
        break
      case 'close':
        connection?.expect({ kind: 'close', code: step.code, reason: step.reason })
    }
  }

  async #connect(step: Extract<Step, { dir: 'connect' }>): Promise<boolean> {
    const recorded = new URL(step.url)
    const isGateway = recorded.pathname.startsWith('/realtime/')
    const origin = isGateway ? this.#target.gateway : this.#target.direct
    const connection = new ReplayConnection(step.conn, () => this.#changed())
    this.#connections.push(connection)
    this.#current.set(step.conn, connection)
    this.#refs.set(step.conn, { ref: 0, joinRef: '' })
    if (origin === undefined) {
      this.#differ(`${step.conn} connect`, step.url, 'This target has no access without a gateway')
      return false
    }
    const query = await this.#translator.text(recorded.search, isGateway)
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(step.headers)) {
      headers[name] = await this.#translator.text(value, isGateway)
    }
    connection.open(`${origin.replace(/^http/, 'ws')}${recorded.pathname}${query}`, headers)
    return true
  }

  async #translated(conn: string, frame: RecordedFrame): Promise<RecordedFrame> {
    const refs = this.#refs.get(conn) ?? { ref: 0, joinRef: '' }
    refs.ref++
    if (frame.kind === 'binary') return frame
    if (frame.text.includes('"phx_join"')) refs.joinRef = String(refs.ref)
    const full = lengthen(frame.text, `,"ref":"${refs.ref}","join_ref":"${refs.joinRef}"`)
    return { kind: 'text', text: await this.#translator.text(full) }
  }

  async #http(step: Extract<Step, { dir: 'http' }>): Promise<boolean> {
    const { request } = step
    const where = `${request.method} ${request.path}`
    const isGateway = request.path.startsWith('/realtime/')
    if (request.path.startsWith('/api/tenants')) {
      const answer = await this.#target.operate?.(request)
      if (!answer) this.#differ(where, step.status, 'This target has no operator interface')
      else this.#check(where, { status: step.status }, { status: answer.status })
      return answer !== undefined
    }
    const origin = isGateway ? this.#target.gateway : this.#target.direct
    if (origin === undefined) {
      this.#differ(where, step.status, 'This target has no access without a gateway')
      return true
    }
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(request.headers)) {
      headers[name] = await this.#translator.text(value, isGateway)
    }
    const path = await this.#translator.text(request.path, isGateway)
    const { body } = request
    const sent = typeof body === 'string' ? await this.#translator.text(lengthen(body, ''), isGateway) : body
    const answer = await sendHttp(origin, { method: request.method, path, headers, body: sent })
    const { status, contentType } = step
    this.#check(
      where,
      { status, contentType, body: parseJson(step.body) ?? step.body },
      { ...answer, body: parseJson(answer.body) ?? answer.body },
    )
    return true
  }

  async #sql(step: Extract<Step, { dir: 'sql' }>): Promise<boolean> {
    if (!this.#target.sql) {
      this.#differ(step.sql, undefined, 'This target has no access to the database')
      return false
    }
    const text = await this.#translator.text(step.sql)
    const params = step.params.map((param) => this.#translator.param(param))
    const outcome = await this.#target.sql(step.role, text, params)
    const expected = step.outcome
    capture(this.#bindings, expected.rows, outcome.rows)
    this.#check(step.sql, expected, { ...outcome, rows: expected.rows ? outcome.rows : undefined })
    return true
  }

  /** The time in which what is awaited came in the recording, and some more. */
  #patience(awaited: Step[]): number {
    const first = awaited[0]?.at ?? 0
    const last = awaited.at(-1)?.at ?? 0
    return last - first + this.#options.patienceMs
  }

  async #settle(timeoutMs: number): Promise<boolean> {
    const until = Date.now() + timeoutMs
    while (!this.#connections.every((connection) => connection.complete)) {
      const left = until - Date.now()
      if (left <= 0) return false
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#changed = resolve
      await Promise.race([promise, delay(left)])
    }
    return true
  }

  #compareConnections(): void {
    for (const connection of this.#connections) {
      const lanes = new Set([...connection.expected.keys(), ...connection.actual.keys()])
      for (const lane of lanes) {
        const expected = connection.expected.get(lane) ?? []
        const actual = connection.actual.get(lane) ?? []
        this.#compareLane(`${connection.name} ${lane}`, expected, actual)
      }
    }
  }

  /** Aligned where possible, so that one missing event does not make all that follow it differ. */
  #compareLane(where: string, expected: ConnectionEvent[], actual: ConnectionEvent[]): void {
    let at = 0
    for (const [index, event] of expected.entries()) {
      const found = this.#looksLike(event, actual[at])
        ? at
        : actual.findIndex((other, position) => position > at && this.#looksLike(event, other))
      const laterWanted = expected.slice(index + 1).some((later) => this.#looksLike(later, actual[at]))
      const name = `${where} #${index + 1}`
      if (found === -1 && laterWanted) {
        this.#compareEvent(name, event, undefined)
      } else {
        for (; at < found; at++) this.#compareEvent(name, undefined, actual[at])
        this.#compareEvent(name, event, actual[at++])
      }
    }
    for (; at < actual.length; at++) this.#compareEvent(`${where}, after the last`, undefined, actual[at])
  }

  #looksLike(expected: ConnectionEvent, actual: ConnectionEvent | undefined): boolean {
    return actual !== undefined && outline(contentOf(expected)) === outline(contentOf(actual))
  }

  #compareEvent(
    where: string,
    expected: ConnectionEvent | undefined,
    actual: ConnectionEvent | undefined,
  ): void {
    // The replay itself ends what the recording left open.
    if (!expected && actual?.kind === 'close') return
    if (expected?.kind === 'frame' && expected.frame.kind === 'text' && actual?.kind === 'frame') {
      const bytes = shortenedTo(expected.frame.text)
      if (bytes !== undefined && actual.frame.kind === 'text') {
        this.#check(where, { bytes }, { bytes: Buffer.byteLength(actual.frame.text) })
        return
      }
    }
    this.#check(where, expected && contentOf(expected), actual && contentOf(actual))
  }

  #check(where: string, expected: unknown, actual: unknown): void {
    this.#checks++
    if (!equal(expected, actual, this.#bindings)) this.#differ(where, expected, actual)
  }

  #differ(where: string, expected: unknown, actual: unknown): void {
    const { scenario } = this.#recording
    const meant = this.#options.differences.find((difference) =>
      difference.applies({ scenario, where, expected, actual }),
    )
    if (meant) this.#excused.add(meant.reason)
    else this.#mismatches.push({ where, expected, actual })
  }
}

/** What a frame is about, without the values that vary. */
function outline(content: unknown): string {
  const [event, ref, status] = isRecord(content)
    ? [
        content.event ?? content.kind,
        content.ref,
        isRecord(content.payload) ? content.payload.status : undefined,
      ]
    : Array.isArray(content)
      ? [content[3], content[1], isRecord(content[4]) ? content[4].status : undefined]
      : [content, undefined, undefined]
  return JSON.stringify([event, ref, status])
}

/** Values that the database made: equal positions of the returned rows. */
function capture(bindings: Bindings, expected: unknown, actual: unknown): void {
  if (typeof expected === 'object' && typeof actual === 'object' && expected !== null && actual !== null) {
    const other = new Map<string, unknown>(Object.entries(actual))
    for (const [key, value] of Object.entries(expected)) capture(bindings, value, other.get(key))
  } else if (typeof expected === 'string' && typeof actual === 'string') bindings.capture(expected, actual)
}
