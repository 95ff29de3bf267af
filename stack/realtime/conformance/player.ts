/**
 * Replays one recording: repeats each action as soon as the earlier answers have come again, and compares. Pauses of the
 * recording are kept, up to `maxGapMs`.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { parseJson } from '../protocol/serializer.ts'
import { Bindings } from './compare.ts'
import { ReplayConnection } from './connection.ts'
import type { ExpectedDifference } from './differences.ts'
import { sendHttp } from './http.ts'
import { alignIdentities } from './identities.ts'
import type { RecordedFrame, Recording, Step } from './recording.ts'
import { actionOf, type Scene, scenesOf } from './scenes.ts'
import type { Target } from './target.ts'
import { lengthen, Translator } from './translate.ts'
import { type Mismatch, Verdict } from './verdict.ts'

export interface PlayOptions {
  /** Longest pause between two actions, ms. */
  maxGapMs: number
  /** How much later than in the recording an answer may come, ms. */
  patienceMs: number
  differences: readonly ExpectedDifference[]
}

export const DEFAULT_PLAY: Omit<PlayOptions, 'differences'> = { maxGapMs: 250, patienceMs: 5_000 }

export interface PlayResult {
  scenario: string
  mismatches: Mismatch[]
  /** Reasons of the meant differences that occurred. */
  excused: string[]
  checks: number
  milliseconds: number
}

/** Wait for frames that may be caused by the next request, ms. */
const MAYBE_MS = 150
/** A replay that is later than this starts a new rhythm, ms. */
const CATCH_UP_MS = 50
/** Wait after the last step for frames that should not come, ms. */
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
  readonly #verdict: Verdict
  /** When the next action is due. */
  #due = Date.now()
  /** An expected event did not come; later waits are short. */
  #gaveUp = false
  #changed: () => void = () => undefined

  constructor(recording: Recording, target: Target, options: PlayOptions) {
    this.#recording = recording
    this.#target = target
    this.#options = options
    this.#bindings = new Bindings(JSON.stringify(recording.steps.map(actionOf)))
    this.#verdict = new Verdict(recording.scenario, this.#bindings, options.differences)
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
    for (const connection of this.#connections) this.#verdict.connection(connection)
    return {
      scenario: this.#recording.scenario,
      mismatches: this.#verdict.mismatches,
      excused: [...this.#verdict.excused],
      checks: this.#verdict.checks,
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
        const { status, body, headers } = step
        connection?.expect({ kind: 'refused', status, body, contentType: headers['content-type'] })
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
      this.#verdict.differ(`${step.conn} connect`, step.url, 'This target has no access without a gateway')
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
      if (!answer) this.#verdict.differ(where, step.status, 'This target has no operator interface')
      else this.#verdict.check(where, { status: step.status }, { status: answer.status })
      return answer !== undefined
    }
    const origin = isGateway ? this.#target.gateway : this.#target.direct
    if (origin === undefined) {
      this.#verdict.differ(where, step.status, 'This target has no access without a gateway')
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
    this.#verdict.check(
      where,
      { status, contentType, body: parseJson(step.body) ?? step.body },
      { ...answer, body: parseJson(answer.body) ?? answer.body },
    )
    return true
  }

  async #sql(step: Extract<Step, { dir: 'sql' }>): Promise<boolean> {
    if (!this.#target.sql) {
      this.#verdict.differ(step.sql, undefined, 'This target has no access to the database')
      return false
    }
    const text = await this.#translator.text(step.sql)
    const params = step.params.map((param) => this.#translator.param(param))
    const outcome = await this.#target.sql(step.role, text, params)
    const expected = step.outcome
    capture(this.#bindings, expected.rows, outcome.rows)
    this.#verdict.check(step.sql, expected, { ...outcome, rows: expected.rows ? outcome.rows : undefined })
    return true
  }

  /** The time that the awaited events took in the recording, and `patienceMs`. */
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
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return true
  }
}

/** Values that the database generated: equal positions of the returned rows. */
function capture(bindings: Bindings, expected: unknown, actual: unknown): void {
  if (typeof expected === 'object' && typeof actual === 'object' && expected !== null && actual !== null) {
    const other = new Map<string, unknown>(Object.entries(actual))
    for (const [key, value] of Object.entries(expected)) capture(bindings, value, other.get(key))
  } else if (typeof expected === 'string' && typeof actual === 'string') bindings.capture(expected, actual)
}
