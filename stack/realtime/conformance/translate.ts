/**
 * Translates the sent part of a recording for this run: tokens are signed again with the same claims, times are moved to
 * now, and values that the database generated are replaced by this run's values.
 */

import { createHmac } from 'node:crypto'
import { isRecord } from '../../../functions-shared/unknown.ts'
import { parseJson } from '../protocol/serializer.ts'
import type { Bindings } from './compare.ts'
import type { Target } from './target.ts'

/** Signed the recorded tokens; public, from the documentation. */
const RECORDED_SECRET = 'super-secret-jwt-token-with-at-least-32-characters-long'
const RECORDED_PUBLISHABLE_KEY = 'sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH'

const JWT = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g
/** Thirteen digits: milliseconds of our time. */
const MILLISECONDS = /\b\d{13}\b/g
const NEAR_MS = 3_600_000

const SHORTENED = /^(.*)…\((\d+) bytes\)$/s

export class Translator {
  readonly #target: Target
  readonly #recordedAt: number
  readonly #shiftMs: number
  readonly #bindings: Bindings
  readonly #tokens = new Map<string, Promise<string>>()

  constructor(target: Target, recordedAt: number, now: number, bindings: Bindings) {
    this.#target = target
    this.#recordedAt = recordedAt
    // Whole seconds, because tokens count in seconds.
    this.#shiftMs = (Math.floor(now / 1000) - Math.floor(recordedAt / 1000)) * 1000
    this.#bindings = bindings
  }

  /** @param gateway whether the text goes to the gateway, which knows keys of the new kind */
  async text(text: string, gateway = true): Promise<string> {
    let result = text
    for (const token of new Set(text.match(JWT))) result = result.replaceAll(token, await this.#token(token))
    if (gateway) result = result.replaceAll(RECORDED_PUBLISHABLE_KEY, this.#target.publishableKey)
    result = result.replace(MILLISECONDS, (digits) => {
      const moment = Number(digits)
      return Math.abs(moment - this.#recordedAt) < NEAR_MS ? String(moment + this.#shiftMs) : digits
    })
    return this.#bindings.substitute(result)
  }

  /** A parameter of a statement: only values that the database generated before are replaced. */
  param(value: unknown): unknown {
    return typeof value === 'string' || typeof value === 'number' ? this.#bindings.captured(value) : value
  }

  #token(recorded: string): Promise<string> {
    const known = this.#tokens.get(recorded)
    if (known) return known
    const minted = this.#mint(recorded)
    this.#tokens.set(recorded, minted)
    return minted
  }

  async #mint(recorded: string): Promise<string> {
    const [head = '', body = '', signature = ''] = recorded.split('.')
    const header = parseJson(Buffer.from(head, 'base64url').toString())
    const claims = parseJson(Buffer.from(body, 'base64url').toString())
    // Tokens with other algorithms were sent to be refused.
    if (!isRecord(header) || !isRecord(claims) || header.alg !== 'HS256') return recorded
    const { exp } = claims
    const moved = typeof exp === 'number' ? { ...claims, exp: exp + this.#shiftMs / 1000 } : claims
    const genuine =
      createHmac('sha256', RECORDED_SECRET).update(`${head}.${body}`).digest('base64url') === signature
    return this.#target.mint(moved, !genuine)
  }
}

/** The original length of a recorded text that was shortened. */
export function shortenedTo(text: string): number | undefined {
  const match = SHORTENED.exec(text)
  return match ? Number(match[2]) : undefined
}

/**
 * Restores a shortened JSON text to its full length: the string in which it was cut is filled up, and open brackets are
 * closed.
 * @param tail members of the outermost object that followed, e.g. `,"ref":"3"`
 */
export function lengthen(text: string, tail: string): string {
  const match = SHORTENED.exec(text)
  if (!match) return text
  const [, start = '', length] = match
  const closers = openBrackets(start)
  const outermost = closers.pop() ?? ''
  const end = `"${closers.join('')}${start.startsWith('{') ? tail : ''}${outermost}`
  const missing = Number(length) - Buffer.byteLength(start) - Buffer.byteLength(end)
  return start + 'x'.repeat(Math.max(0, missing)) + end
}

/** The closing brackets that `json` lacks, innermost first. */
function openBrackets(json: string): string[] {
  const open: string[] = []
  let quoted = false
  for (let index = 0; index < json.length; index++) {
    const character = json[index]
    if (quoted) {
      if (character === '\\') index++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '{') open.push('}')
    else if (character === '[') open.push(']')
    else if (character === '}' || character === ']') open.pop()
  }
  return open.reverse()
}
